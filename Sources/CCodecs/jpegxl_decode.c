#include <jxl/decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ccodecs.h"

static cc_status failure(int32_t code, const char *what) {
  cc_status status = {code, ""};
  snprintf(status.text, sizeof status.text, "JPEG XL: %s", what);
  return status;
}

static const cc_status success = {CC_J2K_OK, ""};

/// A decoder that has read the basic information, or NULL.
static JxlDecoder *open_decoder(const uint8_t *data, size_t length, int events, JxlBasicInfo *basic, cc_status *status) {
  JxlDecoder *decoder = JxlDecoderCreate(NULL);
  if (!decoder) {
    *status = failure(CC_J2K_NO_MEMORY, "out of memory");
    return NULL;
  }
  // Rows and columns are those of the data set: what the image says of its orientation is not for us.
  if (JxlDecoderSubscribeEvents(decoder, JXL_DEC_BASIC_INFO | events) != JXL_DEC_SUCCESS ||
      JxlDecoderSetKeepOrientation(decoder, JXL_TRUE) != JXL_DEC_SUCCESS ||
      JxlDecoderSetInput(decoder, data, length) != JXL_DEC_SUCCESS) {
    *status = failure(CC_J2K_FAILED, "the decoder does not start");
  } else {
    JxlDecoderCloseInput(decoder);
    if (JxlDecoderProcessInput(decoder) == JXL_DEC_BASIC_INFO &&
        JxlDecoderGetBasicInfo(decoder, basic) == JXL_DEC_SUCCESS) {
      *status = success;
      return decoder;
    }
    *status = failure(CC_J2K_DAMAGED, "no whole header");
  }
  JxlDecoderDestroy(decoder);
  return NULL;
}

cc_status cc_jxl_inspect(const uint8_t *data, size_t length, cc_jxl_info *info) {
  memset(info, 0, sizeof *info);
  JxlBasicInfo basic;
  cc_status status;
  JxlDecoder *decoder = open_decoder(data, length, 0, &basic, &status);
  if (!decoder) return status;
  info->width = basic.xsize;
  info->height = basic.ysize;
  info->components = (uint8_t)basic.num_color_channels;
  info->precision = (uint8_t)(basic.bits_per_sample > 64 ? 64 : basic.bits_per_sample);
  info->is_float = basic.exponent_bits_per_sample != 0;
  JxlDecoderDestroy(decoder);
  return success;
}

/// libjxl stretches samples to the whole range of the word. Undone exactly: the steps of the word are finer than those of the sample.
static uint32_t unstretch(uint32_t value, uint32_t full, uint32_t top) {
  return (uint32_t)(((uint64_t)value * top + full / 2) / full);
}

static void store8(uint8_t *words, size_t count, unsigned precision, bool is_signed) {
  const uint32_t top = (1u << precision) - 1;
  const unsigned spare = 8 - precision;
  if (spare == 0) return;
  for (size_t i = 0; i < count; i++) {
    uint8_t word = (uint8_t)(unstretch(words[i], 255, top) << spare);
    words[i] = is_signed ? (uint8_t)((int8_t)word >> spare) : (uint8_t)(word >> spare);
  }
}

static void store16(uint8_t *words, size_t count, unsigned precision, bool is_signed) {
  const uint32_t top = (1u << precision) - 1;
  const unsigned spare = 16 - precision;
  if (spare == 0) return;
  for (size_t i = 0; i < count; i++) {
    uint16_t word;
    memcpy(&word, words + 2 * i, 2);
    word = (uint16_t)(unstretch(word, 65535, top) << spare);
    word = is_signed ? (uint16_t)((int16_t)word >> spare) : (uint16_t)(word >> spare);
    memcpy(words + 2 * i, &word, 2);
  }
}

cc_status cc_jxl_decode(const uint8_t *data, size_t length, const cc_jxl_request *request, void *out, size_t out_length) {
  const unsigned allocated = request->bits_allocated, components = request->components;
  if ((allocated != 8 && allocated != 16) || (components != 1 && components != 3))
    return failure(CC_J2K_UNSUPPORTED, "format");
  const size_t count = (size_t)request->width * request->height * components;
  if (out_length != count * (allocated / 8)) return failure(CC_J2K_UNSUPPORTED, "the frame's length is not what its format says");
  JxlBasicInfo basic;
  cc_status status;
  JxlDecoder *decoder = open_decoder(data, length, JXL_DEC_FULL_IMAGE, &basic, &status);
  if (!decoder) return status;
  // Nothing was decoded so far: the header decides whether anything will be.
  if (basic.xsize != request->width || basic.ysize != request->height || basic.num_color_channels != components) {
    status = failure(CC_J2K_DAMAGED, "another size or number of components than the data set says");
    goto done;
  }
  if (basic.exponent_bits_per_sample != 0 || basic.bits_per_sample < 1 || basic.bits_per_sample > allocated) {
    status = failure(CC_J2K_DAMAGED, "samples do not fit the bits that the data set allocates");
    goto done;
  }
  const JxlPixelFormat format = {components, allocated == 8 ? JXL_TYPE_UINT8 : JXL_TYPE_UINT16, JXL_NATIVE_ENDIAN, 0};
  for (;;) {
    JxlDecoderStatus event = JxlDecoderProcessInput(decoder);
    if (event == JXL_DEC_NEED_IMAGE_OUT_BUFFER) {
      size_t needed = 0;
      if (JxlDecoderImageOutBufferSize(decoder, &format, &needed) != JXL_DEC_SUCCESS || needed != out_length ||
          JxlDecoderSetImageOutBuffer(decoder, &format, out, out_length) != JXL_DEC_SUCCESS) {
        status = failure(CC_J2K_FAILED, "the decoder takes no buffer of this size");
        goto done;
      }
    } else if (event == JXL_DEC_FULL_IMAGE) {
      break;
    } else {
      status = failure(CC_J2K_DAMAGED, event == JXL_DEC_NEED_MORE_INPUT ? "cut off" : "cannot be decoded");
      goto done;
    }
  }
  (allocated == 8 ? store8 : store16)(out, count, basic.bits_per_sample, request->is_signed);
  status = success;

done:
  JxlDecoderDestroy(decoder);
  return status;
}
