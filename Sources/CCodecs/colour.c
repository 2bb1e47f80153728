#include <string.h>

#include "ccodecs.h"

void cc_narrow(const void *samples, size_t count, int bytes_per_sample, int bits_stored, uint8_t *out) {
  const uint8_t *bytes = samples;
  if (bytes_per_sample == 1 && bits_stored == 8) {
    memcpy(out, bytes, count);
  } else if (bytes_per_sample == 1) {
    // Fewer than eight bits stored: stretch, so that the greatest value is white.
    unsigned greatest = (1u << bits_stored) - 1;
    for (size_t i = 0; i < count; i++) out[i] = (uint8_t)((bytes[i] & greatest) * 255 / greatest);
  } else {
    size_t stride = (size_t)bytes_per_sample;
    int shift = bits_stored - 8;
    uint32_t mask = bits_stored >= 32 ? 0xffffffffu : (1u << bits_stored) - 1;
    for (size_t i = 0; i < count; i++) {
      const uint8_t *at = bytes + i * stride;
      uint32_t v = stride == 2 ? (uint32_t)(at[0] | at[1] << 8)
                               : (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
      v &= mask;
      out[i] = (uint8_t)(shift >= 0 ? v >> shift : v * 255 / mask);
    }
  }
}

static inline uint8_t clip(int v) { return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v; }

// 16-bit fixed point of 1.402, 0.344136, 0.714136 and 1.772 (PS3.3 C.7.6.3.1.2, full range).
void cc_ybr_full_to_rgb(const uint8_t *ybr, size_t pixels, uint8_t *rgb) {
  for (size_t i = 0; i < pixels; i++) {
    int y = ybr[3 * i] << 16, b = ybr[3 * i + 1] - 128, r = ybr[3 * i + 2] - 128;
    int half = 1 << 15;
    rgb[3 * i] = clip((y + 91881 * r + half) >> 16);
    rgb[3 * i + 1] = clip((y - 22554 * b - 46802 * r + half) >> 16);
    rgb[3 * i + 2] = clip((y + 116130 * b + half) >> 16);
  }
}

// Inverse of the YBR_PARTIAL_422 matrix: 255/219 for luma, 255/224 for chroma.
void cc_ybr_partial_to_rgb(const uint8_t *ybr, size_t pixels, uint8_t *rgb) {
  for (size_t i = 0; i < pixels; i++) {
    int y = 76309 * (ybr[3 * i] - 16), b = ybr[3 * i + 1] - 128, r = ybr[3 * i + 2] - 128;
    int half = 1 << 15;
    rgb[3 * i] = clip((y + 104597 * r + half) >> 16);
    rgb[3 * i + 1] = clip((y - 25675 * b - 53279 * r + half) >> 16);
    rgb[3 * i + 2] = clip((y + 132201 * b + half) >> 16);
  }
}

void cc_expand_422(const uint8_t *packed, size_t pixels, uint8_t *ybr) {
  for (size_t i = 0; i + 1 < pixels; i += 2) {
    const uint8_t *in = packed + 2 * i;
    uint8_t *out = ybr + 3 * i;
    out[0] = in[0];
    out[3] = in[1];
    out[1] = out[4] = in[2];
    out[2] = out[5] = in[3];
  }
}

void cc_planes(const uint8_t *pixels, size_t count, size_t samples, size_t bytes_per_sample, uint8_t *out) {
  for (size_t s = 0; s < samples; s++) {
    const uint8_t *in = pixels + s * bytes_per_sample;
    for (size_t i = 0; i < count; i++, in += samples * bytes_per_sample, out += bytes_per_sample)
      memcpy(out, in, bytes_per_sample);
  }
}

void cc_palette(const void *words, size_t count, int bits_allocated, bool is_signed, int bits_stored, int32_t first,
                const uint8_t *table, size_t entries, uint8_t *rgb) {
  const uint8_t *bytes = words;
  if (entries == 0 || bits_stored < 1 || bits_stored > 16) return;
  uint32_t mask = (1u << bits_stored) - 1, sign = is_signed ? 1u << (bits_stored - 1) : 0;
  int32_t last = (int32_t)entries - 1;
  for (size_t i = 0; i < count; i++) {
    uint32_t word = bits_allocated == 8 ? bytes[i] : (uint32_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    int32_t index = (int32_t)((word & mask) ^ sign) - (int32_t)sign - first;
    index = index < 0 ? 0 : index > last ? last : index;
    memcpy(rgb + 3 * i, table + 3 * (size_t)index, 3);
  }
}

void cc_flip(uint8_t *pixels, int width, int height, int channels, bool horizontally, bool vertically) {
  size_t size = (size_t)channels, row = (size_t)width * size;
  if (horizontally)
    for (int y = 0; y < height; y++) {
      uint8_t *left = pixels + row * (size_t)y, *right = left + row - size;
      for (; left < right; left += size, right -= size)
        for (size_t c = 0; c < size; c++) {
          uint8_t t = left[c];
          left[c] = right[c];
          right[c] = t;
        }
    }
  if (vertically)
    for (int y = 0; y < height / 2; y++) {
      uint8_t *a = pixels + row * (size_t)y, *b = pixels + row * (size_t)(height - 1 - y);
      for (size_t i = 0; i < row; i++) {
        uint8_t t = a[i];
        a[i] = b[i];
        b[i] = t;
      }
    }
}
