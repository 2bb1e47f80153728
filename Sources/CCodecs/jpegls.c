#include <charls/charls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ccodecs.h"

static cc_status jls_failure(int32_t code, const char *what, charls_jpegls_errc said) {
  cc_status status = {code, ""};
  if (said == CHARLS_JPEGLS_ERRC_SUCCESS)
    snprintf(status.text, sizeof status.text, "%s", what);
  else
    snprintf(status.text, sizeof status.text, "%s: %s", what, charls_get_error_message(said));
  return status;
}

/// Words of `size` bytes by plane to words by pixel.
static void interleave(const uint8_t *planes, size_t pixels, size_t components, size_t size, uint8_t *out) {
  for (size_t c = 0; c < components; c++) {
    const uint8_t *in = planes + c * pixels * size;
    uint8_t *to = out + c * size;
    for (size_t i = 0; i < pixels; i++, in += size, to += components * size) memcpy(to, in, size);
  }
}

/// Bytes to zero extended words, from the end, so that it can be done in place.
static void widen(uint8_t *words, size_t count) {
  for (size_t i = count; i-- > 0;) {
    uint16_t word = words[i];
    memcpy(words + 2 * i, &word, 2);
  }
}

static void extend_sign(uint8_t *words, size_t count, size_t size, unsigned precision) {
  if (size == 1) {
    unsigned spare = 8 - precision;
    for (size_t i = 0; i < count; i++) words[i] = (uint8_t)((int8_t)(uint8_t)(words[i] << spare) >> spare);
  } else {
    unsigned spare = 16 - precision;
    for (size_t i = 0; i < count; i++) {
      uint16_t word;
      memcpy(&word, words + 2 * i, 2);
      word = (uint16_t)((int16_t)(uint16_t)(word << spare) >> spare);
      memcpy(words + 2 * i, &word, 2);
    }
  }
}

/// Whether the last marker is there; fragments may be padded.
static bool has_end(const uint8_t *data, size_t length) {
  while (length > 2 && data[length - 1] == 0) length--;
  return length >= 2 && data[length - 2] == 0xff && data[length - 1] == 0xd9;
}

cc_status cc_jls_decode(const uint8_t *data, size_t length, const cc_jls_samples *samples, void *out, size_t out_length) {
  const size_t size = samples->bits_allocated / 8;
  if (size != 1 && size != 2) return jls_failure(CC_J2K_UNSUPPORTED, "JPEG-LS in words of another size", CHARLS_JPEGLS_ERRC_SUCCESS);
  const size_t pixels = (size_t)samples->width * samples->height, count = pixels * samples->components;
  if (out_length != count * size) return jls_failure(CC_J2K_DAMAGED, "JPEG-LS: size of the frame", CHARLS_JPEGLS_ERRC_SUCCESS);
  charls_jpegls_decoder *decoder = charls_jpegls_decoder_create();
  if (!decoder) return jls_failure(CC_J2K_NO_MEMORY, "JPEG-LS: out of memory", CHARLS_JPEGLS_ERRC_SUCCESS);
  cc_status status = {CC_J2K_OK, ""};
  uint8_t *planes = NULL, *ended = NULL;
  // Where the bits end without a marker CharLS 2.4 reads zeros until a counter overflows: seconds. With one it stops at once.
  if (!has_end(data, length)) {
    ended = malloc(length + 2);
    if (!ended) {
      status = jls_failure(CC_J2K_NO_MEMORY, "JPEG-LS: out of memory", CHARLS_JPEGLS_ERRC_SUCCESS);
      goto done;
    }
    memcpy(ended, data, length);
    ended[length] = 0xff;
    ended[length + 1] = 0xd9;
    data = ended;
    length += 2;
  }
  charls_frame_info info;
  charls_interleave_mode mode;
  charls_jpegls_errc said = charls_jpegls_decoder_set_source_buffer(decoder, data, length);
  if (!said) said = charls_jpegls_decoder_read_header(decoder);
  if (!said) said = charls_jpegls_decoder_get_frame_info(decoder, &info);
  if (!said) said = charls_jpegls_decoder_get_interleave_mode(decoder, &mode);
  if (said) {
    status = jls_failure(CC_J2K_DAMAGED, "JPEG-LS header", said);
    goto done;
  }
  if (info.width != samples->width || info.height != samples->height || info.component_count != samples->components ||
      info.bits_per_sample < 2 || info.bits_per_sample > samples->bits_allocated) {
    status = jls_failure(CC_J2K_DAMAGED, "JPEG-LS: another size, depth or number of components than the data set says",
                         CHARLS_JPEGLS_ERRC_SUCCESS);
    goto done;
  }
  const size_t coded = info.bits_per_sample > 8 ? 2 : 1;
  uint8_t *target = out;
  if (info.component_count > 1 && mode == CHARLS_INTERLEAVE_MODE_NONE) {
    target = planes = malloc(count * coded);
    if (!planes) {
      status = jls_failure(CC_J2K_NO_MEMORY, "JPEG-LS: out of memory", CHARLS_JPEGLS_ERRC_SUCCESS);
      goto done;
    }
  }
  said = charls_jpegls_decoder_decode_to_buffer(decoder, target, count * coded, 0);
  if (said) {
    status = jls_failure(CC_J2K_DAMAGED, "JPEG-LS decoding", said);
    goto done;
  }
  if (planes) interleave(planes, pixels, samples->components, coded, out);
  if (coded < size) widen(out, count);
  if (samples->is_signed && (unsigned)info.bits_per_sample < samples->bits_allocated)
    extend_sign(out, count, size, (unsigned)info.bits_per_sample);

done:
  free(ended);
  free(planes);
  charls_jpegls_decoder_destroy(decoder);
  return status;
}

cc_status cc_jls_encode(const void *words, size_t length, const cc_jls_samples *samples, unsigned precision, cc_bytes *out) {
  out->data = NULL;
  out->length = 0;
  const size_t size = samples->bits_allocated / 8;
  const size_t count = (size_t)samples->width * samples->height * samples->components;
  const bool fits = size == 1 ? precision >= 2 && precision <= 8 : size == 2 && precision >= 9 && precision <= 16;
  if (count == 0 || !fits || samples->width > 65535 || samples->height > 65535 || length != count * size ||
      (samples->components != 1 && samples->components != 3))
    return jls_failure(CC_J2K_UNSUPPORTED, "JPEG-LS encoding: format", CHARLS_JPEGLS_ERRC_SUCCESS);
  charls_frame_info info = {samples->width, samples->height, (int32_t)precision, samples->components};
  // Noise grows: a code may have four times the bits of its sample, so a second try has room for that.
  size_t room = length + length / 8 + 4096;
  for (int attempt = 0;; attempt++) {
    charls_jpegls_encoder *encoder = charls_jpegls_encoder_create();
    uint8_t *data = malloc(room);
    if (!encoder || !data) {
      charls_jpegls_encoder_destroy(encoder);
      free(data);
      return jls_failure(CC_J2K_NO_MEMORY, "JPEG-LS encoding: out of memory", CHARLS_JPEGLS_ERRC_SUCCESS);
    }
    size_t written = 0;
    charls_jpegls_errc said = charls_jpegls_encoder_set_frame_info(encoder, &info);
    if (!said && samples->components > 1)
      said = charls_jpegls_encoder_set_interleave_mode(encoder, CHARLS_INTERLEAVE_MODE_LINE);
    // Fragments have an even length; the library pads inside the codestream when it is told to.
    if (!said) said = charls_jpegls_encoder_set_encoding_options(encoder, CHARLS_ENCODING_OPTIONS_EVEN_DESTINATION_SIZE);
    if (!said) said = charls_jpegls_encoder_set_destination_buffer(encoder, data, room);
    if (!said) said = charls_jpegls_encoder_encode_from_buffer(encoder, words, length, 0);
    if (!said) said = charls_jpegls_encoder_get_bytes_written(encoder, &written);
    charls_jpegls_encoder_destroy(encoder);
    if (!said) {
      out->data = data;
      out->length = written;
      return (cc_status){CC_J2K_OK, ""};
    }
    free(data);
    if (said != CHARLS_JPEGLS_ERRC_DESTINATION_BUFFER_TOO_SMALL || attempt > 0)
      return jls_failure(CC_J2K_FAILED, "JPEG-LS encoding", said);
    room = length * 4 + 65536;
  }
}
