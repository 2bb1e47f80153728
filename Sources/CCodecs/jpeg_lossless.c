#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ccodecs.h"

// JPEG lossless, Huffman, first-order prediction (ITU-T T.81 process 14, selection value 1): what DICOM calls .4.70. One table of 17
// categories, made for the frame in a first pass; the second writes. Differences are those of 16 bits, whatever the precision, so signed
// words are coded as they are.

enum { CATEGORIES = 17 };

typedef struct {
  const uint8_t *words;
  size_t width, height, components, size;
  unsigned first;  // predicts the first sample
} frame;

static inline unsigned load(const uint8_t *at, size_t size) {
  if (size == 1) return *at;
  uint16_t word;
  memcpy(&word, at, 2);
  return word;
}

/// Bits that the difference needs; the difference lies between -32,767 and 32,768.
static inline unsigned category(int difference) {
  unsigned magnitude = (unsigned)(difference < 0 ? -difference : difference);
  return magnitude ? 32 - (unsigned)__builtin_clz(magnitude) : 0;
}

static inline int difference_of(unsigned sample, unsigned predicted) {
  int difference = (int16_t)(uint16_t)(sample - predicted);
  return difference == -32768 ? 32768 : difference;
}

/// Calls `BODY` with `difference` for every sample in the order of the scan.
#define FOR_EACH_DIFFERENCE(f, SIZE, BODY)                                                                     \
  do {                                                                                                         \
    const size_t step = (f)->components * (SIZE), row = (f)->width * step;                                     \
    for (size_t y = 0; y < (f)->height; y++) {                                                                 \
      const uint8_t *at = (f)->words + y * row;                                                                \
      for (size_t i = 0; i < (f)->width * (f)->components; i++, at += (SIZE)) {                                \
        unsigned predicted = i >= (f)->components ? load(at - step, SIZE) : y ? load(at - row, SIZE) : (f)->first; \
        int difference = difference_of(load(at, SIZE), predicted);                                             \
        BODY                                                                                                   \
      }                                                                                                        \
    }                                                                                                          \
  } while (0)

/// Code lengths of at most 16 bits, as annex K.2 of T.81 makes them. `counts[CATEGORIES]` is the reserved code of all ones.
static void code_lengths(const uint64_t *counts, uint8_t *lengths_of, uint8_t bits[17]) {
  uint64_t weight[CATEGORIES + 1];
  int other[CATEGORIES + 1];
  unsigned size[CATEGORIES + 1] = {0};
  memcpy(weight, counts, sizeof weight);
  weight[CATEGORIES] = 1;
  for (int i = 0; i <= CATEGORIES; i++) other[i] = -1;
  for (;;) {
    int a = -1, b = -1;
    for (int i = 0; i <= CATEGORIES; i++)
      if (weight[i] && (a < 0 || weight[i] <= weight[a])) a = i;
    for (int i = 0; i <= CATEGORIES; i++)
      if (weight[i] && i != a && (b < 0 || weight[i] <= weight[b])) b = i;
    if (b < 0) break;
    weight[a] += weight[b];
    weight[b] = 0;
    size[a]++;
    while (other[a] >= 0) size[a = other[a]]++;
    other[a] = b;
    size[b]++;
    while (other[b] >= 0) size[b = other[b]]++;
  }
  unsigned of_length[33] = {0};
  for (int i = 0; i <= CATEGORIES; i++)
    if (size[i]) of_length[size[i]]++;
  for (int i = 32; i > 16; i--)
    while (of_length[i]) {
      int j = i - 2;
      while (!of_length[j]) j--;
      of_length[i] -= 2;
      of_length[i - 1]++;
      of_length[j + 1] += 2;
      of_length[j]--;
    }
  int longest = 16;
  while (!of_length[longest]) longest--;
  of_length[longest]--;  // the reserved code
  bits[0] = 0;
  for (int i = 1; i <= 16; i++) bits[i] = (uint8_t)of_length[i];
  // Symbols in the order of their lengths.
  int place = 0;
  for (unsigned length = 1; length <= 32; length++)
    for (int i = 0; i < CATEGORIES; i++)
      if (size[i] == length) lengths_of[place++] = (uint8_t)i;
}

typedef struct {
  uint8_t *at;
  uint64_t bits;
  unsigned count;
} writer;

static inline void put(writer *w, uint32_t value, unsigned count) {
  w->bits = w->bits << count | value;
  w->count += count;
  while (w->count >= 8) {
    w->count -= 8;
    uint8_t byte = (uint8_t)(w->bits >> w->count);
    *w->at++ = byte;
    if (byte == 0xff) *w->at++ = 0;
  }
}

static uint8_t *put_bytes(uint8_t *at, const uint8_t *bytes, size_t count) {
  memcpy(at, bytes, count);
  return at + count;
}

cc_status cc_jpeg_lossless_encode(const void *words, size_t length, const cc_jls_samples *samples, unsigned precision,
                                  cc_bytes *out) {
  out->data = NULL;
  out->length = 0;
  const size_t size = samples->bits_allocated / 8;
  const size_t count = (size_t)samples->width * samples->height * samples->components;
  const bool fits = size == 1 ? precision >= 2 && precision <= 8 : size == 2 && precision >= 9 && precision <= 16;
  if (count == 0 || !fits || samples->width > 65535 || samples->height > 65535 || length != count * size ||
      (samples->components != 1 && samples->components != 3))
    return (cc_status){CC_J2K_UNSUPPORTED, "JPEG lossless encoding: format"};
  const frame f = {words, samples->width, samples->height, samples->components, size, 1u << (precision - 1)};

  uint64_t counts[CATEGORIES + 1] = {0};
  if (size == 1)
    FOR_EACH_DIFFERENCE(&f, 1, counts[category(difference)]++;);
  else
    FOR_EACH_DIFFERENCE(&f, 2, counts[category(difference)]++;);
  uint8_t symbols[CATEGORIES], bits[17];
  code_lengths(counts, symbols, bits);
  uint16_t codes[CATEGORIES] = {0};
  uint8_t lengths[CATEGORIES] = {0};
  unsigned code = 0, place = 0, symbol_count = 0;
  for (unsigned n = 1; n <= 16; n++) {
    for (unsigned i = 0; i < bits[n]; i++, place++, code++) {
      codes[symbols[place]] = (uint16_t)code;
      lengths[symbols[place]] = (uint8_t)n;
    }
    code <<= 1;
    symbol_count += bits[n];
  }
  uint64_t coded = 0;
  for (unsigned i = 0; i < CATEGORIES; i++) coded += counts[i] * (lengths[i] + (i < 16 ? i : 0));
  // Every byte may need a stuffed one.
  size_t room = (size_t)(coded / 8 + 16) * 2 + 256;
  uint8_t *data = malloc(room);
  if (!data) return (cc_status){CC_J2K_NO_MEMORY, "JPEG lossless encoding: out of memory"};
  uint8_t *at = data;
  at = put_bytes(at, (const uint8_t[]){0xff, 0xd8}, 2);
  const uint8_t nf = (uint8_t)samples->components;
  // Three components are coded as they are: Adobe's marker and the names say that no colour transform is to be undone.
  if (nf == 3) at = put_bytes(at, (const uint8_t[]){0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0}, 16);
  const uint8_t names[3] = {nf == 3 ? 'R' : 1, 'G', 'B'};
  at = put_bytes(at,
                 (const uint8_t[]){0xff, 0xc3, 0, (uint8_t)(8 + 3 * nf), (uint8_t)precision, (uint8_t)(f.height >> 8),
                                   (uint8_t)f.height, (uint8_t)(f.width >> 8), (uint8_t)f.width, nf},
                 10);
  for (unsigned c = 0; c < nf; c++) at = put_bytes(at, (const uint8_t[]){names[c], 0x11, 0}, 3);
  at = put_bytes(at, (const uint8_t[]){0xff, 0xc4, 0, (uint8_t)(19 + symbol_count), 0}, 5);
  at = put_bytes(at, bits + 1, 16);
  at = put_bytes(at, symbols, symbol_count);
  at = put_bytes(at, (const uint8_t[]){0xff, 0xda, 0, (uint8_t)(6 + 2 * nf), nf}, 5);
  for (unsigned c = 0; c < nf; c++) at = put_bytes(at, (const uint8_t[]){names[c], 0}, 2);
  at = put_bytes(at, (const uint8_t[]){1, 0, 0}, 3);

  writer w = {at, 0, 0};
#define WRITE                                                                            \
  unsigned n = category(difference);                                                     \
  put(&w, codes[n], lengths[n]);                                                         \
  if (n > 0 && n < 16) {                                                                 \
    unsigned extra = (unsigned)(difference < 0 ? difference - 1 : difference);           \
    put(&w, extra & ((1u << n) - 1), n);                                                 \
  }
  if (size == 1)
    FOR_EACH_DIFFERENCE(&f, 1, WRITE);
  else
    FOR_EACH_DIFFERENCE(&f, 2, WRITE);
  if (w.count) put(&w, (1u << (8 - w.count)) - 1, 8 - w.count);
  at = put_bytes(w.at, (const uint8_t[]){0xff, 0xd9}, 2);
  out->data = data;
  out->length = (size_t)(at - data);
  return (cc_status){CC_J2K_OK, ""};
}
