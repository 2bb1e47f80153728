#include <cstring>

#include "image.hpp"

void rk_image_interleave(const uint8_t *planes, size_t pixels, size_t samples, size_t bytes_per_sample, uint8_t *out) {
  size_t plane = pixels * bytes_per_sample;
  if (bytes_per_sample == 1 && samples == 3) {
    const uint8_t *a = planes, *b = planes + plane, *c = planes + 2 * plane;
    for (size_t i = 0; i < pixels; i++) {
      out[3 * i] = a[i];
      out[3 * i + 1] = b[i];
      out[3 * i + 2] = c[i];
    }
    return;
  }
  for (size_t i = 0; i < pixels; i++)
    for (size_t s = 0; s < samples; s++)
      std::memcpy(out + (i * samples + s) * bytes_per_sample, planes + s * plane + i * bytes_per_sample, bytes_per_sample);
}

void rk_image_swap(const void *value, size_t length, size_t first, size_t count, size_t word_size, uint8_t *out) {
  const auto *bytes = static_cast<const uint8_t *>(value);
  if (word_size == 2 && first % 2 == 0 && count % 2 == 0 && first + count <= length) {
    for (size_t i = 0; i < count; i += 2) {
      out[i] = bytes[first + i + 1];
      out[i + 1] = bytes[first + i];
    }
    return;
  }
  for (size_t i = 0; i < count; i++) {
    size_t at = first + i, word = at - at % word_size;
    size_t source = word + (word_size - 1 - at % word_size);
    out[i] = source < length ? bytes[source] : 0;
  }
}
