#include <zlib.h>

#include "image.hpp"

// Deflated Image Frame Compression (PS3.5 §8.2.16): DCMTK 3.6.7 does not know it, and it is one call of zlib a frame.

namespace rk {

rk_status decodeDeflated(const uint8_t *data, size_t length, uint8_t *frame, size_t frameLength) {
  z_stream stream = {};
  if (length > 0xffffffffu || frameLength > 0xffffffffu) return imageStatus(RK_IMAGE_DAMAGED, "deflated frame", "too long");
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return imageStatus(RK_IMAGE_NO_MEMORY, "deflated frame", "no memory");
  stream.next_in = const_cast<Bytef *>(data);
  stream.avail_in = static_cast<uInt>(length);
  stream.next_out = frame;
  stream.avail_out = static_cast<uInt>(frameLength);
  // The frame's size is known: what would inflate to more is not read further.
  int result = inflate(&stream, Z_FINISH);
  bool isWhole = stream.avail_out == 0 && (result == Z_STREAM_END || result == Z_BUF_ERROR || result == Z_OK);
  inflateEnd(&stream);
  if (!isWhole) return imageStatus(RK_IMAGE_DAMAGED, "deflated frame", "damaged or shorter than the image");
  return imageStatus(RK_IMAGE_OK, "");
}

}  // namespace rk
