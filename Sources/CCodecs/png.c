#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ccodecs.h"

typedef struct {
  cc_bytes *out;
  size_t capacity;
  char text[160];
} png_sink;

static void sink_error(png_structp png, png_const_charp text) {
  png_sink *sink = png_get_error_ptr(png);
  snprintf(sink->text, sizeof sink->text, "%s", text);
  longjmp(png_jmpbuf(png), 1);
}

static void sink_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void sink_write(png_structp png, png_bytep data, png_size_t length) {
  png_sink *sink = png_get_io_ptr(png);
  cc_bytes *out = sink->out;
  if (sink->capacity - out->length < length) {
    size_t capacity = sink->capacity * 2 + length + 65536;
    uint8_t *grown = realloc(out->data, capacity);
    if (!grown) png_error(png, "out of memory");
    out->data = grown;
    sink->capacity = capacity;
  }
  memcpy(out->data + out->length, data, length);
  out->length += length;
}

static void sink_flush(png_structp png) { (void)png; }

cc_status cc_png_encode(const void *pixels, int width, int height, int channels, int bits, const uint8_t *profile,
                        size_t profile_length, cc_bytes *out) {
  cc_status status = {1, "PNG cannot hold this size"};
  out->data = NULL;
  out->length = 0;
  if (width < 1 || height < 1 || (channels != 1 && channels != 3) || (bits != 8 && bits != 16)) return status;
  png_sink sink = {out, 0, ""};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, sink_error, sink_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_write_struct(&png, NULL);
    snprintf(status.text, sizeof status.text, "PNG encoding: out of memory");
    return status;
  }
  if (setjmp(png_jmpbuf(png))) {
    snprintf(status.text, sizeof status.text, "PNG encoding: %s", sink.text);
    png_destroy_write_struct(&png, &info);
    cc_bytes_free(out);
    return status;
  }
  png_set_write_fn(png, &sink, sink_write, sink_flush);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  // Fast settings: a reader waits for this picture, and level 6 costs five times the time for a few per cent.
  png_set_compression_level(png, 2);
  png_set_filter(png, 0, PNG_FILTER_SUB | PNG_FILTER_UP);
  png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, bits, channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  // A profile that does not fit is a warning to libpng, not an error: the picture is worth more than its profile.
  png_set_benign_errors(png, 1);
  if (profile && profile_length <= 0x7fffffff)
    png_set_iCCP(png, info, "ICC profile", PNG_COMPRESSION_TYPE_BASE, profile, (png_uint_32)profile_length);
  png_write_info(png, info);
  const union {
    uint16_t word;
    uint8_t byte;
  } order = {1};
  if (bits == 16 && order.byte) png_set_swap(png);
  size_t row = (size_t)width * (size_t)channels * (size_t)(bits / 8);
  for (int y = 0; y < height; y++) png_write_row(png, (png_const_bytep)pixels + row * (size_t)y);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return (cc_status){0, ""};
}
