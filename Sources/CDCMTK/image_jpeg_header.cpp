#include "image.hpp"

namespace rk {

rk_status checkJPEGHeader(const rk_image_format &format, const uint8_t *data, size_t length) {
  if (length < 4 || data[0] != 0xff || data[1] != 0xd8)
    return imageStatus(RK_IMAGE_DAMAGED, "JPEG frame", "does not begin with a start-of-image marker");
  size_t at = 2;
  while (at + 4 <= length) {
    if (data[at] != 0xff) return imageStatus(RK_IMAGE_DAMAGED, "JPEG frame", "no marker where one must be");
    uint8_t marker = data[at + 1];
    if (marker == 0xff) {  // fill byte
      at++;
      continue;
    }
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    size_t size = size_t(data[at + 2]) << 8 | data[at + 3];
    if (size < 2 || size > length - at - 2) return imageStatus(RK_IMAGE_DAMAGED, "JPEG frame", "marker segment ends outside");
    bool startOfFrame = (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) || marker == 0xf7;
    if (startOfFrame) {
      if (size < 8) return imageStatus(RK_IMAGE_DAMAGED, "JPEG frame header", "too short");
      const uint8_t *header = data + at + 4;
      unsigned precision = header[0], rows = unsigned(header[1]) << 8 | header[2], columns = unsigned(header[3]) << 8 | header[4];
      unsigned components = header[5];
      if (rows != format.rows || columns != format.columns)
        return imageStatus(RK_IMAGE_DAMAGED, "JPEG frame header", "rows or columns differ from the data set's");
      if (components != format.samples_per_pixel)
        return imageStatus(RK_IMAGE_DAMAGED, "JPEG frame header", "components differ from the data set's samples per pixel");
      if (precision < 2 || precision > 16 || (precision > 8) != (format.bits_allocated > 8))
        return imageStatus(RK_IMAGE_DAMAGED, "JPEG frame header", "precision does not fit the data set's bits allocated");
      return imageStatus(RK_IMAGE_OK, "");
    }
    if (marker == 0xda || marker == 0xd9) break;
    at += 2 + size;
  }
  return imageStatus(RK_IMAGE_DAMAGED, "JPEG frame", "has no frame header");
}

}  // namespace rk
