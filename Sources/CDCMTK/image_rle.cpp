#include <cstring>
#include <vector>

#include "image.hpp"

// DCMTK's RLE decoder takes whole bytes only and walks pixel by pixel; segmentations with one bit and 32-bit dose need their own.

namespace rk {

namespace {

uint32_t load32(const uint8_t *at) { return at[0] | at[1] << 8 | at[2] << 16 | static_cast<uint32_t>(at[3]) << 24; }

/// PackBits into every `step`-th byte of `out`; false when a run reads or writes outside or the segment is too short.
bool unpack(const uint8_t *in, size_t length, uint8_t *out, size_t count, size_t step) {
  size_t at = 0, done = 0;
  while (done < count) {
    if (at >= length) return false;
    auto control = static_cast<int8_t>(in[at++]);
    if (control == -128) continue;
    size_t run = control >= 0 ? control + 1u : 1u - control;
    // Some encoders pad the last run of a segment; what is past the frame is dropped.
    size_t take = run < count - done ? run : count - done;
    if (control >= 0) {
      if (run > length - at) {
        if (take > length - at) return false;
      }
      if (step == 1) {
        std::memcpy(out + done, in + at, take);
      } else {
        for (size_t i = 0; i < take; i++) out[(done + i) * step] = in[at + i];
      }
      at += run;
    } else {
      if (at >= length) return false;
      uint8_t value = in[at++];
      if (step == 1) {
        std::memset(out + done, value, take);
      } else {
        for (size_t i = 0; i < take; i++) out[(done + i) * step] = value;
      }
    }
    done += take;
  }
  return true;
}

}  // namespace

rk_status decodeRLE(const rk_image_format &format, const uint8_t *data, size_t length, uint8_t *frame, size_t frameLength) {
  if (length < 64) return imageStatus(RK_IMAGE_DAMAGED, "RLE header", "shorter than 64 bytes");
  size_t pixels = size_t(format.rows) * format.columns;
  bool bits = format.bits_allocated == 1;
  size_t bytesPerSample = bits ? 1 : format.bits_allocated / 8;
  size_t samples = format.samples_per_pixel;
  size_t expected = bytesPerSample * samples;
  uint32_t segments = load32(data);
  if (segments != expected || segments > 15 || (bits && samples != 1))
    return imageStatus(RK_IMAGE_DAMAGED, "RLE header", "number of segments does not fit the image");
  size_t count = bits ? (pixels + 7) / 8 : pixels;
  if (frameLength != count * expected) return imageStatus(RK_IMAGE_DAMAGED, "RLE frame", "buffer size");
  for (size_t segment = 0; segment < segments; segment++) {
    size_t from = load32(data + 4 + 4 * segment);
    size_t to = segment + 1 < segments ? load32(data + 8 + 4 * segment) : length;
    if (from < 64 || from > length || to > length || to < from)
      return imageStatus(RK_IMAGE_DAMAGED, "RLE header", "segment offset outside the frame");
    // Segments go sample by sample, most significant byte first; samples of a pixel lie together in the frame, little endian.
    size_t sample = segment / bytesPerSample, byte = bytesPerSample - 1 - segment % bytesPerSample;
    if (!unpack(data + from, to - from, frame + sample * bytesPerSample + byte, count, expected))
      return imageStatus(RK_IMAGE_DAMAGED, "RLE segment", "ends early");
  }
  return imageStatus(RK_IMAGE_OK, "");
}

}  // namespace rk
