#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ccodecs.h"

enum { CHUNK = 4096 };

cc_difference cc_compare(const void *a, const void *b, size_t count, cc_stored stored) {
  cc_difference result = {0, 0, 0};
  uint16_t left[CHUNK], right[CHUNK];
  size_t size = stored.bits_allocated / 8;
  for (size_t done = 0; done < count; done += CHUNK) {
    size_t n = count - done < CHUNK ? count - done : CHUNK;
    cc_align((const uint8_t *)a + done * size, n, stored, left);
    cc_align((const uint8_t *)b + done * size, n, stored, right);
    for (size_t i = 0; i < n; i++) {
      uint32_t d = left[i] > right[i] ? (uint32_t)(left[i] - right[i]) : (uint32_t)(right[i] - left[i]);
      result.squares += (uint64_t)d * d;
      result.differing += d != 0;
      if (d > result.greatest) result.greatest = (uint16_t)d;
    }
  }
  return result;
}

void cc_extent(const void *words, size_t count, cc_stored stored, uint16_t *low, uint16_t *high) {
  uint16_t values[CHUNK];
  size_t size = stored.bits_allocated / 8;
  *low = UINT16_MAX;
  *high = 0;
  for (size_t done = 0; done < count; done += CHUNK) {
    size_t n = count - done < CHUNK ? count - done : CHUNK;
    cc_align((const uint8_t *)words + done * size, n, stored, values);
    for (size_t i = 0; i < n; i++) {
      if (values[i] < *low) *low = values[i];
      if (values[i] > *high) *high = values[i];
    }
  }
}

// ---- structural similarity ----

enum { RADIUS = 5, WINDOW = 2 * RADIUS + 1, MOMENTS = 5 };

/// The window along one axis around `at`, cut off at the ends of a side of `length`; its weights sum to 1.
static void window_at(size_t at, size_t length, double *weights, size_t *first, size_t *count) {
  size_t from = at < RADIUS ? 0 : at - RADIUS;
  size_t to = at + RADIUS + 1 < length ? at + RADIUS + 1 : length;
  double sum = 0;
  for (size_t i = from; i < to; i++) {
    double d = (double)i - (double)at;
    sum += weights[i - from] = exp(-d * d / (2 * 1.5 * 1.5));
  }
  for (size_t i = 0; i < to - from; i++) weights[i] /= sum;
  *first = from;
  *count = to - from;
}

/// One row of moments: a, b, aa, bb and ab, each `width` long, weighted along the row.
static void row_moments(const uint16_t *a, const uint16_t *b, size_t width, size_t components, double *products, double *out) {
  for (size_t x = 0; x < width; x++) {
    double p = a[x * components], q = b[x * components];
    products[x] = p;
    products[width + x] = q;
    products[2 * width + x] = p * p;
    products[3 * width + x] = q * q;
    products[4 * width + x] = p * q;
  }
  double weights[WINDOW], inner[WINDOW];
  size_t first, count;
  window_at(RADIUS, WINDOW, inner, &first, &count);
  for (size_t x = 0; x < width; x++) {
    const double *w = inner;
    if (x >= RADIUS && x + RADIUS < width) {
      first = x - RADIUS;
      count = WINDOW;
    } else {
      window_at(x, width, weights, &first, &count);
      w = weights;
    }
    for (size_t m = 0; m < MOMENTS; m++) {
      const double *from = products + m * width + first;
      double sum = 0;
      for (size_t i = 0; i < count; i++) sum += w[i] * from[i];
      out[m * width + x] = sum;
    }
  }
}

/// The sum of the index over the windows around row `y`.
static double row_similarity(const double *ring, size_t y, size_t width, size_t height, double c1, double c2, double *sums) {
  double weights[WINDOW];
  size_t first, count, row = MOMENTS * width;
  window_at(y, height, weights, &first, &count);
  memset(sums, 0, row * sizeof *sums);
  for (size_t i = 0; i < count; i++) {
    const double *from = ring + (first + i) % WINDOW * row;
    double w = weights[i];
    for (size_t k = 0; k < row; k++) sums[k] += w * from[k];
  }
  size_t margin = width >= WINDOW ? RADIUS : 0;
  double total = 0;
  for (size_t x = margin; x < width - margin; x++) {
    double ma = sums[x], mb = sums[width + x];
    double va = sums[2 * width + x] - ma * ma, vb = sums[3 * width + x] - mb * mb, cov = sums[4 * width + x] - ma * mb;
    total += (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
  }
  return total;
}

bool cc_ssim(const void *a, const void *b, size_t width, size_t height, size_t components, cc_stored stored, double range,
             double *ssim) {
  if (width == 0 || height == 0 || components == 0) return false;
  size_t samples = width * components, row = MOMENTS * width, stride = samples * (stored.bits_allocated / 8);
  uint16_t *words = calloc(2 * samples, sizeof *words);
  double *rows = calloc((WINDOW + 2) * row, sizeof *rows);
  if (!words || !rows) {
    free(words);
    free(rows);
    return false;
  }
  double *products = rows + WINDOW * row, *sums = products + row;
  double c1 = 0.01 * range * (0.01 * range), c2 = 0.03 * range * (0.03 * range), total = 0;
  size_t margin_x = width >= WINDOW ? RADIUS : 0, margin_y = height >= WINDOW ? RADIUS : 0;
  for (size_t c = 0; c < components; c++) {
    for (size_t y = 0, next = 0; y < height; y++) {
      // The ring holds the rows that the window around row y needs; slots of rows above it are written over.
      for (; next < height && next <= y + RADIUS; next++) {
        cc_align((const uint8_t *)a + next * stride, samples, stored, words);
        cc_align((const uint8_t *)b + next * stride, samples, stored, words + samples);
        row_moments(words + c, words + samples + c, width, components, products, rows + next % WINDOW * row);
      }
      if (y >= margin_y && y < height - margin_y) total += row_similarity(rows, y, width, height, c1, c2, sums);
    }
  }
  *ssim = total / ((double)components * (double)(width - 2 * margin_x) * (double)(height - 2 * margin_y));
  free(words);
  free(rows);
  return true;
}
