#include <float.h>
#include <math.h>
#include <string.h>

#include "ccodecs.h"

static inline uint16_t aligned(uint16_t word, cc_stored stored) {
  return (uint16_t)((((uint32_t)word << stored.shift) & stored.mask) ^ stored.flip);
}

// Pixel bytes may begin anywhere in a mapped file, so words are loaded byte-wise; the compiler makes one instruction of it.
static inline uint16_t load16(const uint8_t *at) {
  uint16_t word;
  memcpy(&word, at, 2);
  return word;
}

void cc_map(const void *words, size_t count, cc_stored stored, const uint8_t *table, uint8_t *out) {
  const uint8_t *bytes = words;
  if (stored.bits_allocated == 8) {
    for (size_t i = 0; i < count; i++) out[i] = table[bytes[i]];
  } else {
    for (size_t i = 0; i < count; i++) out[i] = table[aligned(load16(bytes + 2 * i), stored)];
  }
}

void cc_map_aligned(const uint16_t *values, size_t count, const uint8_t *table, uint8_t *out) {
  for (size_t i = 0; i < count; i++) out[i] = table[values[i]];
}

void cc_align(const void *words, size_t count, cc_stored stored, uint16_t *out) {
  const uint8_t *bytes = words;
  if (stored.bits_allocated == 8) {
    for (size_t i = 0; i < count; i++) out[i] = aligned(bytes[i], stored);
  } else {
    for (size_t i = 0; i < count; i++) out[i] = aligned(load16(bytes + 2 * i), stored);
  }
}

void cc_histogram(const void *words, size_t count, size_t step, cc_stored stored, uint32_t *histogram) {
  const uint8_t *bytes = words;
  if (step == 0) step = 1;
  if (stored.bits_allocated == 8) {
    for (size_t i = 0; i < count; i += step) histogram[aligned(bytes[i], stored)]++;
  } else {
    for (size_t i = 0; i < count; i += step) histogram[aligned(load16(bytes + 2 * i), stored)]++;
  }
}

bool cc_is_zero_extended(const void *words, size_t count, int bits_allocated, int bits) {
  const uint8_t *bytes = words;
  uint16_t all = 0;
  if (bits_allocated == 8) {
    for (size_t i = 0; i < count; i++) all |= bytes[i];
  } else {
    for (size_t i = 0; i < count; i++) all |= load16(bytes + 2 * i);
  }
  return all >> bits == 0;
}

static inline double number(const uint8_t *bytes, size_t i, int kind) {
  switch (kind) {
    case CC_UINT32: {
      uint32_t v;
      memcpy(&v, bytes + 4 * i, 4);
      return v;
    }
    case CC_INT32: {
      int32_t v;
      memcpy(&v, bytes + 4 * i, 4);
      return v;
    }
    case CC_FLOAT: {
      float v;
      memcpy(&v, bytes + 4 * i, 4);
      return v;
    }
    default: {
      double v;
      memcpy(&v, bytes + 8 * i, 8);
      return v;
    }
  }
}

bool cc_range_wide(const void *numbers, size_t count, int kind, bool has_padding, double padding_low, double padding_high,
                   double *low, double *high) {
  double least = DBL_MAX, greatest = -DBL_MAX;
  for (size_t i = 0; i < count; i++) {
    double v = number(numbers, i, kind);
    if (!isfinite(v) || (has_padding && v >= padding_low && v <= padding_high)) continue;
    if (v < least) least = v;
    if (v > greatest) greatest = v;
  }
  *low = least;
  *high = greatest;
  return least <= greatest;
}

void cc_align_wide(const void *numbers, size_t count, int kind, double low, double high, uint16_t *out) {
  double scale = high > low ? 65535 / (high - low) : 0;
  for (size_t i = 0; i < count; i++) {
    double v = (number(numbers, i, kind) - low) * scale;
    out[i] = v >= 65535 ? 65535 : v > 0 ? (uint16_t)(v + 0.5) : 0;
  }
}

void cc_unpack_bits(const uint8_t *packed, size_t first, size_t count, uint8_t *out) {
  for (size_t i = 0; i < count; i++) {
    size_t bit = first + i;
    out[i] = (packed[bit >> 3] >> (bit & 7)) & 1;
  }
}

/// The 8-bit result of a window for one value.
static uint8_t windowed(double x, double center, double width, int function) {
  double y;
  if (function == CC_VOI_SIGMOID) {
    y = 255 / (1 + exp(-4 * (x - center) / width));
  } else if (function == CC_VOI_LINEAR_EXACT) {
    y = x <= center - width / 2 ? 0 : x > center + width / 2 ? 255 : (x - center) / width * 255 + 127.5;
  } else {
    double c = center - 0.5, w = width - 1;
    y = x <= c - w / 2 ? 0 : x > c + w / 2 ? 255 : ((x - c) / w + 0.5) * 255;
  }
  return y >= 255 ? 255 : y > 0 ? (uint8_t)(y + 0.5) : 0;
}

void cc_window_table(uint8_t *table, size_t count, double first, double step, double center, double width, int function,
                     bool invert) {
  uint8_t turn = invert ? 255 : 0;
  size_t from = 0, to = count;
  if (function != CC_VOI_SIGMOID && step != 0) {
    // Outside the window all entries are alike: only the inner ones (and some more, for rounding) are worked out.
    double a = (center - width / 2 - 2 - first) / step - 2, b = (center + width / 2 + 2 - first) / step + 2;
    if (step < 0) {
      a = (center + width / 2 + 2 - first) / step - 2;
      b = (center - width / 2 - 2 - first) / step + 2;
    }
    from = a > 0 ? a < (double)count ? (size_t)a : count : 0;
    to = b > (double)from ? b < (double)count ? (size_t)b : count : from;
    memset(table, (step > 0 ? 0 : 255) ^ turn, from);
    memset(table + to, (step > 0 ? 255 : 0) ^ turn, count - to);
  }
  for (size_t i = from; i < to; i++)
    table[i] = (uint8_t)(windowed(first + (double)i * step, center, width, function) ^ turn);
}
