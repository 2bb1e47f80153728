#include <stdlib.h>
#include <string.h>

#include "ccodecs.h"

/// PackBits of one row whose bytes lie `step` apart. `out` has room for two bytes more than any 128 of the row.
static uint8_t *pack_row(const uint8_t *in, size_t count, size_t step, uint8_t *out) {
  size_t at = 0;
  while (at < count) {
    uint8_t value = in[at * step];
    size_t run = 1;
    while (run < 128 && at + run < count && in[(at + run) * step] == value) run++;
    if (run > 1) {
      *out++ = (uint8_t)(257 - run);
      *out++ = value;
      at += run;
      continue;
    }
    // Literal bytes up to where three are alike: two alike cost as much either way.
    size_t start = at++;
    while (at < count && at - start < 128) {
      if (at + 2 < count && in[at * step] == in[(at + 1) * step] && in[at * step] == in[(at + 2) * step]) break;
      at++;
    }
    *out++ = (uint8_t)(at - start - 1);
    for (size_t i = start; i < at; i++) *out++ = in[i * step];
  }
  return out;
}

cc_status cc_rle_encode(const void *words, size_t length, const cc_jls_samples *samples, cc_bytes *out) {
  out->data = NULL;
  out->length = 0;
  const size_t size = samples->bits_allocated / 8, segments = size * samples->components;
  const size_t pixels = (size_t)samples->width * samples->height;
  if (pixels == 0 || (size != 1 && size != 2 && size != 4) || segments == 0 || segments > 15 || length != pixels * segments)
    return (cc_status){CC_J2K_UNSUPPORTED, "RLE encoding: format"};
  const size_t row = samples->width + samples->width / 128 * 2 + 2;
  uint8_t *data = calloc(1, 64 + segments * (row * samples->height + 1));
  if (!data) return (cc_status){CC_J2K_NO_MEMORY, "RLE encoding: out of memory"};
  uint32_t header[16] = {(uint32_t)segments};
  uint8_t *at = data + 64;
  for (size_t segment = 0; segment < segments; segment++) {
    if (at - data > UINT32_MAX) {
      free(data);
      return (cc_status){CC_J2K_TOO_LARGE, "RLE encoding: the frame is too large"};
    }
    header[1 + segment] = (uint32_t)(at - data);
    // Sample by sample, the most significant byte first (PS3.5 annex G).
    const uint8_t *in = (const uint8_t *)words + segment / size * size + (size - 1 - segment % size);
    // Runs do not cross the end of a row.
    for (size_t y = 0; y < samples->height; y++) at = pack_row(in + y * samples->width * segments, samples->width, segments, at);
    if ((at - data) % 2) at++;
  }
  for (size_t i = 0; i < 16; i++)
    for (size_t byte = 0; byte < 4; byte++) data[4 * i + byte] = (uint8_t)(header[i] >> (8 * byte));
  out->data = data;
  out->length = (size_t)(at - data);
  return (cc_status){CC_J2K_OK, ""};
}
