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

/// One look for each word: levels of 8 or of 16 bits.
#define DEFINE_MAP(name, aligned_name, level)                                                               \
  void name(const void *words, size_t count, cc_stored stored, const level *table, level *out) {           \
    const uint8_t *bytes = words;                                                                          \
    if (stored.bits_allocated == 8) {                                                                      \
      for (size_t i = 0; i < count; i++) out[i] = table[bytes[i]];                                         \
    } else {                                                                                               \
      for (size_t i = 0; i < count; i++) out[i] = table[aligned(load16(bytes + 2 * i), stored)];           \
    }                                                                                                      \
  }                                                                                                        \
  void aligned_name(const uint16_t *values, size_t count, const level *table, level *out) {                \
    for (size_t i = 0; i < count; i++) out[i] = table[values[i]];                                          \
  }

DEFINE_MAP(cc_map, cc_map_aligned, uint8_t)
DEFINE_MAP(cc_map16, cc_map_aligned16, uint16_t)

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

bool cc_is_extended(const void *words, size_t count, int bits_allocated, int bits, bool is_signed) {
  const uint8_t *bytes = words;
  // The bits that differ from the extension of the ones below them.
  uint16_t differing = 0;
  if (bits_allocated == 8) {
    int spare = 8 - bits;
    for (size_t i = 0; i < count; i++) {
      uint8_t top = (uint8_t)(bytes[i] << spare);
      differing |= bytes[i] ^ (is_signed ? (uint8_t)((int8_t)top >> spare) : (uint8_t)(top >> spare));
    }
  } else {
    int spare = 16 - bits;
    for (size_t i = 0; i < count; i++) {
      uint16_t word = load16(bytes + 2 * i), top = (uint16_t)(word << spare);
      differing |= (uint16_t)(word ^ (is_signed ? (uint16_t)((int16_t)top >> spare) : (uint16_t)(top >> spare)));
    }
  }
  return differing == 0;
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

/// The result of a window for one value, from 0 to `greatest`.
static inline double windowed(double x, double center, double width, int function, double greatest) {
  double y;
  if (function == CC_VOI_SIGMOID) {
    y = greatest / (1 + exp(-4 * (x - center) / width));
  } else if (function == CC_VOI_LINEAR_EXACT) {
    y = x <= center - width / 2 ? 0 : x > center + width / 2 ? greatest : (x - center) / width * greatest + greatest / 2;
  } else {
    double c = center - 0.5, w = width - 1;
    y = x <= c - w / 2 ? 0 : x > c + w / 2 ? greatest : ((x - c) / w + 0.5) * greatest;
  }
  return y >= greatest ? greatest : y > 0 ? y + 0.5 : 0;
}

/// Outside the window all entries are alike: only the inner ones (and some more, for rounding) are worked out.
static void inner_part(size_t count, double first, double step, double center, double width, int function, size_t *from,
                       size_t *to) {
  *from = 0;
  *to = count;
  if (function == CC_VOI_SIGMOID || step == 0) return;
  double a = (center - width / 2 - 2 - first) / step - 2, b = (center + width / 2 + 2 - first) / step + 2;
  if (step < 0) {
    a = (center + width / 2 + 2 - first) / step - 2;
    b = (center - width / 2 - 2 - first) / step + 2;
  }
  *from = a > 0 ? a < (double)count ? (size_t)a : count : 0;
  *to = b > (double)*from ? b < (double)count ? (size_t)b : count : *from;
}

#define DEFINE_WINDOW_TABLE(name, level, greatest)                                                                    \
  void name(level *table, size_t count, double first, double step, double center, double width, int function,         \
            bool invert) {                                                                                            \
    level turn = invert ? (greatest) : 0;                                                                             \
    size_t from, to;                                                                                                  \
    inner_part(count, first, step, center, width, function, &from, &to);                                              \
    for (size_t i = 0; i < from; i++) table[i] = (level)((step > 0 ? 0 : (greatest)) ^ turn);                         \
    for (size_t i = to; i < count; i++) table[i] = (level)((step > 0 ? (greatest) : 0) ^ turn);                       \
    if (function == CC_VOI_SIGMOID || (function == CC_VOI_LINEAR && width <= 1)) {                                    \
      for (size_t i = from; i < to; i++)                                                                              \
        table[i] = (level)((level)windowed(first + (double)i * step, center, width, function, (greatest)) ^ turn);    \
      return;                                                                                                         \
    }                                                                                                                 \
    /* A straight line cut off at both ends, without a branch: several entries at once. */                            \
    const bool exact = function == CC_VOI_LINEAR_EXACT;                                                               \
    const double gain = (greatest) / (exact ? width : width - 1);                                                     \
    const double offset = (first - (exact ? center : center - 0.5)) * gain + ((greatest) + 1) / 2;                    \
    const double slope = step * gain;                                                                                 \
    for (size_t i = from; i < to; i++) {                                                                              \
      double y = offset + (double)(int)i * slope;                                                                     \
      y = y < 0 ? 0 : y;                                                                                              \
      y = y > (greatest) ? (greatest) : y;                                                                            \
      table[i] = (level)((level)(int)y ^ turn);                                                                       \
    }                                                                                                                 \
  }

DEFINE_WINDOW_TABLE(cc_window_table, uint8_t, 255)
DEFINE_WINDOW_TABLE(cc_window_table16, uint16_t, 65535)
