#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ccodecs.h"

// Separable: rows are summed with weights into one row of floats, which is then summed sideways. Where an axis shrinks, an
// output pixel is the average of the area it covers (fractions of pixels at both ends counted); where it grows, bilinear.

typedef struct {
  int first, count;
  float weight;          // of the inner pixels
  float left, right;     // of the first and of the last
} span;

/// The input that an output pixel is made of. `start` and `length` say which part of the axis the output covers.
static span span_of(int out, int in_size, int out_size, double start, double length) {
  double scale = length / out_size;
  span s;
  if (scale > 1) {
    double from = start + out * scale, to = from + scale;
    // What lies outside is as the edge is: the pixels inside weigh for it.
    if (from < 0) from = 0;
    if (to > in_size) to = in_size;
    if (from > in_size - 1) from = in_size - 1;
    if (to < from + 1e-6) to = from + 1e-6;
    s.first = (int)from;
    int last = (int)ceil(to) - 1;
    if (last >= in_size) last = in_size - 1;
    if (last < s.first) last = s.first;
    s.count = last - s.first + 1;
    double whole = to - from;
    s.weight = (float)(1 / whole);
    s.left = (float)((s.first + 1 - from) / whole);
    s.right = (float)((to - last) / whole);
    if (s.right > s.weight) s.right = s.weight;
    if (s.count == 1) s.left = 1;
  } else {
    double center = start + (out + 0.5) * scale - 0.5;
    if (center < 0) center = 0;
    if (center > in_size - 1) center = in_size - 1;
    s.first = (int)center;
    double fraction = center - s.first;
    s.count = fraction > 1e-9 ? 2 : 1;
    s.left = (float)(1 - fraction);
    s.weight = s.right = (float)fraction;
    if (s.count == 1) s.left = 1;
  }
  return s;
}

static inline float weight_at(const span *s, int i) { return i == 0 ? s->left : i == s->count - 1 ? s->right : s->weight; }

static void add_row8(float *restrict sum, const uint8_t *restrict row, size_t count, float weight) {
  for (size_t i = 0; i < count; i++) sum[i] += weight * (float)row[i];
}

/// One sample of the output: the weighted sum of `s->count` samples, `step` apart.
static inline float across_at(const float *at, const span *s, size_t step) {
  if (s->count == 2) return at[0] * s->left + at[step] * s->right;
  float v = at[0] * s->left;
  const int last = s->count - 1;
  for (int i = 1; i < last; i++) v += at[(size_t)i * step] * s->weight;
  return last > 0 ? v + at[(size_t)last * step] * s->right : v;
}

static inline uint16_t rounded16(float v) { return v >= 65534.5f ? 65535 : v > 0 ? (uint16_t)(v + 0.5f) : 0; }
static inline uint8_t rounded8(float v) { return v >= 254.5f ? 255 : v > 0 ? (uint8_t)(v + 0.5f) : 0; }

static void add_stored8(float *restrict sum, const uint8_t *restrict row, size_t count, float weight, cc_stored stored) {
  uint32_t shift = stored.shift, mask = stored.mask, flip = stored.flip;
  for (size_t i = 0; i < count; i++) sum[i] += weight * (float)(int)(((row[i] << shift) & mask) ^ flip);
}

static void add_stored16(float *restrict sum, const uint8_t *restrict row, size_t count, float weight, cc_stored stored) {
  uint16_t shift = stored.shift, mask = stored.mask, flip = stored.flip;
  for (size_t i = 0; i < count; i++) {
    uint16_t word;
    memcpy(&word, row + 2 * i, 2);
    word = (uint16_t)(((uint16_t)(word << shift) & mask) ^ flip);
    sum[i] += weight * (float)(int)word;
  }
}

typedef struct {
  const uint8_t *pixels;
  size_t stride;  // bytes
  int width, height, channels;
  int kind;  // 0: 8-bit samples, 1: stored bytes, 2: stored words
  cc_stored stored;
} source;

static void add_source_row(const source *in, int y, float *sum, float weight) {
  const uint8_t *row = in->pixels + in->stride * (size_t)y;
  size_t count = (size_t)in->width * (size_t)in->channels;
  switch (in->kind) {
    case 0: add_row8(sum, row, count, weight); break;
    case 1: add_stored8(sum, row, count, weight, in->stored); break;
    default: add_stored16(sum, row, count, weight, in->stored); break;
  }
}

static bool scale(const source *in, cc_part part, void *out, int out_width, int out_height, bool out16) {
  if (in->width < 1 || in->height < 1 || out_width < 1 || out_height < 1) return false;
  size_t channels = (size_t)in->channels;
  float *sum = malloc(sizeof(float) * (size_t)in->width * channels);
  span *across = malloc(sizeof(span) * (size_t)out_width);
  if (!sum || !across) {
    free(sum);
    free(across);
    return false;
  }
  for (int x = 0; x < out_width; x++) across[x] = span_of(x, in->width, out_width, part.left, part.width);
  for (int y = 0; y < out_height; y++) {
    span down = span_of(y, in->height, out_height, part.top, part.height);
    memset(sum, 0, sizeof(float) * (size_t)in->width * channels);
    for (int i = 0; i < down.count; i++) add_source_row(in, down.first + i, sum, weight_at(&down, i));
    const size_t row = (size_t)y * (size_t)out_width * channels;
    if (out16 && channels == 1) {
      uint16_t *to = (uint16_t *)out + row;
      for (int x = 0; x < out_width; x++) to[x] = rounded16(across_at(sum + across[x].first, &across[x], 1));
      continue;
    }
    for (int x = 0; x < out_width; x++) {
      for (size_t c = 0; c < channels; c++) {
        const float v = across_at(sum + (size_t)across[x].first * channels + c, &across[x], channels);
        const size_t index = row + (size_t)x * channels + c;
        if (out16)
          ((uint16_t *)out)[index] = rounded16(v);
        else
          ((uint8_t *)out)[index] = rounded8(v);
      }
    }
  }
  free(sum);
  free(across);
  return true;
}

bool cc_scale8_part(const uint8_t *pixels, size_t stride, int width, int height, int channels, cc_part part, uint8_t *out,
                    int out_width, int out_height) {
  source in = {pixels, stride, width, height, channels, 0, {0, 0, 0, 0}};
  return scale(&in, part, out, out_width, out_height, false);
}

bool cc_scale_stored_part(const void *words, size_t stride, int width, int height, cc_stored stored, cc_part part,
                          uint16_t *out, int out_width, int out_height) {
  bool byte = stored.bits_allocated == 8;
  source in = {words, byte ? stride : stride * 2, width, height, 1, byte ? 1 : 2, stored};
  return scale(&in, part, out, out_width, out_height, true);
}

bool cc_scale8(const uint8_t *pixels, size_t stride, int width, int height, int channels, uint8_t *out, int out_width,
               int out_height) {
  return cc_scale8_part(pixels, stride, width, height, channels, (cc_part){0, 0, width, height}, out, out_width, out_height);
}

bool cc_scale_stored(const void *words, size_t stride, int width, int height, cc_stored stored, uint16_t *out, int out_width,
                     int out_height) {
  return cc_scale_stored_part(words, stride, width, height, stored, (cc_part){0, 0, width, height}, out, out_width,
                              out_height);
}
