#pragma once

#include "cdcmtk.h"

class DcmItem;

namespace rk {

/// The few attributes a codec reads; the real data set, which came from outside, never meets it.
void describe(DcmItem &item, const rk_image_format &format);

/// A status with a text of "what: detail".
rk_status imageStatus(int32_t code, const char *what, const char *detail = "");

/// RLE (PS3.5 annex G) of any whole number of bytes a sample, or of packed single bits; colour by pixel.
rk_status decodeRLE(const rk_image_format &format, const uint8_t *data, size_t length, uint8_t *frame, size_t frameLength);

/// A raw deflate stream of one frame (Deflated Image Frame Compression).
rk_status decodeDeflated(const uint8_t *data, size_t length, uint8_t *frame, size_t frameLength);

/// Checks a JPEG frame header (its first SOFn) against what the data set says, before a codec sees the bytes.
rk_status checkJPEGHeader(const rk_image_format &format, const uint8_t *data, size_t length);

}  // namespace rk
