#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jpeg2000_stream.h"

// Past 32,768 a side has two precincts, which OpenJPEG 2.5.0 does not encode ("accessing precno=1 >= 1"). It reckons the room for a tile
// in 32 bits: beyond 1.5 GB of coded bits it would come out too small.
enum { LONGEST_SIDE = 32768, LONGEST_RAW = 1500000000 };

// ---- samples ----

/// Fills the components from words by pixel. False when a word needs more bits than the codestream will have.
#define DEFINE_FILL(name, unsigned_word, signed_word)                                                                   \
  static bool name(const uint8_t *words, size_t pixels, unsigned components, unsigned precision, bool is_signed,        \
                   opj_image_t *image) {                                                                                \
    const unsigned spare = sizeof(unsigned_word) * 8 - precision;                                                       \
    const size_t step = components * sizeof(unsigned_word);                                                             \
    unsigned_word differing = 0;                                                                                        \
    for (unsigned c = 0; c < components; c++) {                                                                         \
      OPJ_INT32 *out = image->comps[c].data;                                                                            \
      const uint8_t *in = words + c * sizeof(unsigned_word);                                                            \
      if (is_signed) {                                                                                                  \
        for (size_t i = 0; i < pixels; i++, in += step) {                                                               \
          unsigned_word word;                                                                                           \
          memcpy(&word, in, sizeof word);                                                                               \
          signed_word value = (signed_word)((signed_word)(unsigned_word)(word << spare) >> spare);                      \
          differing |= (unsigned_word)value ^ word;                                                                     \
          out[i] = value;                                                                                               \
        }                                                                                                               \
      } else {                                                                                                          \
        for (size_t i = 0; i < pixels; i++, in += step) {                                                               \
          unsigned_word word;                                                                                           \
          memcpy(&word, in, sizeof word);                                                                               \
          unsigned_word value = (unsigned_word)((unsigned_word)(word << spare) >> spare);                               \
          differing |= value ^ word;                                                                                    \
          out[i] = value;                                                                                               \
        }                                                                                                               \
      }                                                                                                                 \
    }                                                                                                                   \
    return differing == 0;                                                                                              \
  }

DEFINE_FILL(fill8, uint8_t, int8_t)
DEFINE_FILL(fill16, uint16_t, int16_t)

// ---- layers ----

/// The ends of the tile-parts of our own codestream, one a layer. Returns how many, 0 when they are not what was asked for.
static size_t tile_part_ends(const uint8_t *data, size_t length, size_t layers, uint64_t *ends) {
  size_t at = 2;
  // Main header: markers with a length, up to the first SOT.
  while (at + 4 <= length && data[at] == 0xff && data[at + 1] != 0x90)
    at += 2 + (size_t)(data[at + 2] << 8 | data[at + 3]);
  for (size_t layer = 0; layer < layers; layer++) {
    if (at + 12 > length || data[at] != 0xff || data[at + 1] != 0x90) return 0;
    uint32_t part = (uint32_t)data[at + 6] << 24 | (uint32_t)data[at + 7] << 16 | (uint32_t)data[at + 8] << 8 | data[at + 9];
    if (part < 14 || part > length - at) return 0;
    at += part;
    ends[layer] = at;
  }
  if (at + 2 != length || data[at] != 0xff || data[at + 1] != 0xd9) return 0;
  // The last layer's end is the codestream's: whoever has it, has the whole file's bytes.
  ends[layers - 1] = length;
  return layers;
}

/// Six, or more until the smallest picture is at most 128 pixels long, or as many as the shorter side allows (OpenJPEG takes no more).
static int resolutions(uint32_t width, uint32_t height) {
  uint32_t shorter = width < height ? width : height, longer = width < height ? height : width;
  int count = 6;
  while (count < 10 && (longer >> (count - 1)) > 128) count++;
  while (count > 1 && shorter < (uint32_t)1 << (count - 1)) count--;
  return count;
}

cc_status cc_j2k_encode(const void *pixels, size_t length, const cc_j2k_samples *samples, const uint32_t *targets,
                        size_t target_count, unsigned threads, cc_bytes *out, uint64_t *ends, size_t *layers) {
  out->data = NULL;
  out->length = 0;
  *layers = 0;
  const uint32_t width = samples->width, height = samples->height;
  const unsigned components = samples->components, allocated = samples->bits_allocated;
  // Noise of one bit overflows the two guard bits of the wavelet's high bands: OpenJPEG then fails, or decodes other samples. Two bits
  // are safe.
  const unsigned precision = samples->precision == 1 ? 2 : samples->precision;
  if (width > LONGEST_SIDE || height > LONGEST_SIDE)
    return cc_j2k_failure(CC_J2K_TOO_LARGE, "JPEG 2000 encoding: the frame is too large for one tile", NULL);
  if (width < 1 || height < 1 || (components != 1 && components != 3) ||
      (allocated != 8 && allocated != 16) || samples->precision < 1 || precision > allocated ||
      (samples->color_transform && components != 3) || target_count > CC_J2K_MOST_TARGETS)
    return cc_j2k_failure(CC_J2K_UNSUPPORTED, "JPEG 2000 encoding: format", NULL);
  const size_t count = (size_t)width * height;
  if (length != count * components * (allocated / 8))
    return cc_j2k_failure(CC_J2K_UNSUPPORTED, "JPEG 2000 encoding: the frame's length is not what its format says", NULL);

  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.irreversible = 0;
  parameters.prog_order = OPJ_LRCP;
  parameters.cp_disto_alloc = 1;
  parameters.tcp_mct = samples->color_transform ? 1 : 0;
  parameters.numresolution = resolutions(width, height);
  parameters.tp_on = 1;
  parameters.tp_flag = 'L';
  char comment[] = "Rekkas";  // without one of ours the library writes its version, and other bytes after every update
  parameters.cp_comment = comment;
  // Raw bytes as OpenJPEG counts them: the coded bits. A target beyond them is lossless already.
  const double raw = (double)count * components * precision / 8;
  if (raw > LONGEST_RAW) return cc_j2k_failure(CC_J2K_TOO_LARGE, "JPEG 2000 encoding: the frame is too large for one tile", NULL);
  size_t layer_count = 0;
  for (size_t i = 0; i < target_count; i++) {
    bool ascends = targets[i] > 0 && (i == 0 || targets[i] > targets[i - 1]);
    if (!ascends) return cc_j2k_failure(CC_J2K_UNSUPPORTED, "JPEG 2000 encoding: the layers' targets do not ascend", NULL);
    if (targets[i] < raw) parameters.tcp_rates[layer_count++] = (float)(raw / targets[i]);
  }
  parameters.tcp_rates[layer_count++] = 1;
  parameters.tcp_numlayers = (int)layer_count;

  opj_image_cmptparm_t components_of[3];
  memset(components_of, 0, sizeof components_of);
  for (unsigned c = 0; c < components; c++) {
    components_of[c].dx = components_of[c].dy = 1;
    components_of[c].w = width;
    components_of[c].h = height;
    components_of[c].prec = precision;
    components_of[c].sgnd = samples->is_signed;
  }

  cc_status status = {CC_J2K_OK, ""};
  cc_j2k_messages messages = {""};
  // Incompressible samples grow a little; whatever is beyond this is no longer an encoding.
  cc_j2k_sink sink = {.limit = length + length / 4 + 65536};
  opj_stream_t *stream = NULL;
  opj_codec_t *codec = opj_create_compress(OPJ_CODEC_J2K);
  opj_image_t *image =
      opj_image_create(components, components_of, components == 3 ? OPJ_CLRSPC_SRGB : OPJ_CLRSPC_GRAY);
  if (!codec || !image) {
    status = cc_j2k_failure(CC_J2K_NO_MEMORY, "JPEG 2000 encoding: out of memory", NULL);
    goto done;
  }
  image->x1 = width;
  image->y1 = height;
  cc_j2k_listen(codec, &messages);
  if (!(allocated == 8 ? fill8 : fill16)(pixels, count, components, samples->precision, samples->is_signed, image)) {
    status = cc_j2k_failure(CC_J2K_DOES_NOT_FIT, "JPEG 2000 encoding: a sample needs more bits than stated", NULL);
    goto done;
  }
  static const char *const options[] = {"TLM=YES", NULL};
  if (!opj_setup_encoder(codec, &parameters, image) || !opj_encoder_set_extra_options(codec, options)) {
    status = cc_j2k_failure(CC_J2K_FAILED, "JPEG 2000 encoder", &messages);
    goto done;
  }
  if (threads > 1) opj_codec_set_threads(codec, (int)(threads < 64 ? threads : 64));
  stream = cc_j2k_open_sink(&sink);
  if (!stream) {
    status = cc_j2k_failure(CC_J2K_NO_MEMORY, "JPEG 2000 encoding: out of memory", NULL);
    goto done;
  }
  if (!opj_start_compress(codec, image, stream) || !opj_encode(codec, stream) || !opj_end_compress(codec, stream)) {
    status = cc_j2k_failure(CC_J2K_FAILED, "JPEG 2000 encoding", &messages);
    goto done;
  }
  opj_stream_destroy(stream);
  stream = NULL;
  *layers = tile_part_ends(sink.data, sink.length, layer_count, ends);
  if (*layers == 0) {
    status = cc_j2k_failure(CC_J2K_FAILED, "JPEG 2000 encoding: tile-parts are not the layers", NULL);
    goto done;
  }
  out->data = sink.data;
  out->length = sink.length;
  sink.data = NULL;

done:
  if (stream) opj_stream_destroy(stream);
  if (codec) opj_destroy_codec(codec);
  if (image) opj_image_destroy(image);
  free(sink.data);
  return status;
}
