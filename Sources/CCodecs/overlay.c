#include <string.h>

#include "ccodecs.h"

void cc_overlay_bits(const uint8_t *packed, size_t length, uint64_t first, int rows, int columns, int top, int left,
                     uint8_t *mask, int mask_rows, int mask_columns) {
  for (int y = 0; y < rows; y++) {
    int64_t row = (int64_t)top + y;
    if (row < 0 || row >= mask_rows) continue;
    uint64_t start = first + (uint64_t)y * (uint64_t)columns;
    int from = left < 0 ? -left : 0, to = columns;
    if ((int64_t)left + to > mask_columns) to = mask_columns - left;
    uint8_t *out = mask + (size_t)row * (size_t)mask_columns;
    for (int x = from; x < to; x++) {
      uint64_t bit = start + (uint64_t)x;
      if (bit >> 3 >= length) return;
      out[left + x] |= packed[bit >> 3] >> (bit & 7) & 1;
    }
  }
}

void cc_overlay_embedded(const void *words, size_t count, int bits_allocated, int position, uint8_t *mask) {
  const uint8_t *bytes = words;
  if (bits_allocated == 8) {
    for (size_t i = 0; i < count; i++) mask[i] |= bytes[i] >> position & 1;
  } else {
    for (size_t i = 0; i < count; i++) {
      uint16_t word;
      memcpy(&word, bytes + 2 * i, 2);
      mask[i] |= (uint8_t)(word >> position & 1);
    }
  }
}

/// The image pixels that an output pixel stands for: all that it covers where the picture shrinks, the one it lies on where it grows.
static void covered(int at, int from, int size, int out_size, int *first, int *end) {
  *first = from + (int)((int64_t)at * size / out_size);
  *end = from + (int)(((int64_t)(at + 1) * size + out_size - 1) / out_size);
  if (size <= out_size || *end <= *first) *end = *first + 1;
}

bool cc_overlay_cover(const uint8_t *mask, int mask_columns, int x, int y, int width, int height, uint8_t *out,
                      int out_width, int out_height) {
  bool any = false;
  for (int row = 0; row < out_height; row++) {
    int top, bottom;
    covered(row, y, height, out_height, &top, &bottom);
    for (int column = 0; column < out_width; column++) {
      int left, right;
      covered(column, x, width, out_width, &left, &right);
      uint8_t set = 0;
      for (int v = top; v < bottom; v++)
        for (int u = left; u < right; u++) set |= mask[(size_t)v * (size_t)mask_columns + (size_t)u];
      out[(size_t)row * (size_t)out_width + (size_t)column] = set;
      any |= set != 0;
    }
  }
  return any;
}

void cc_overlay_paint(const uint8_t *cover, size_t count, int bytes, const uint8_t *colour, uint8_t *pixels) {
  for (size_t i = 0; i < count; i++)
    if (cover[i]) memcpy(pixels + i * (size_t)bytes, colour, (size_t)bytes);
}

void cc_grey_to_rgb(const uint8_t *grey, size_t count, uint8_t *rgb) {
  for (size_t i = 0; i < count; i++) rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey[i];
}
