#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcpixel.h"
#include "dcmtk/dcmdata/dcpixseq.h"
#include "dcmtk/dcmdata/dcpxitem.h"
#include "dcmtk/dcmdata/dcstack.h"
#include "dcmtk/dcmjpls/djcodece.h"
#include "dcmtk/dcmjpls/djcparam.h"
#include "dcmtk/dcmjpls/djrparam.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "image.hpp"

namespace rk {
namespace {

rk_status encodeJPEGLS(const rk_image_format &format, const uint8_t *frame, size_t length, uint8_t **data, size_t *dataLength) {
  if (length > 0xfffffff0u) return imageStatus(RK_IMAGE_DAMAGED, "encoding a frame", "too long");
  DcmDataset dataset;
  describe(dataset, format);
  // The codec reads words at their own alignment, and a frame may lie anywhere in a file.
  std::vector<Uint16> words((length + 1) / 2);
  std::memcpy(words.data(), frame, length);
  DcmStack stack;
  DcmPixelData element(DcmTag(DCM_PixelData, EVR_OW));
  stack.push(&dataset);
  stack.push(&element);
  DJLSLosslessEncoder encoder;
  // Raw, not "cooked": the words as they are, all allocated bits.
  DJLSCodecParameter parameter(OFFalse);
  DJLSRepresentationParameter representation(0, OFTrue);
  DcmPixelSequence *made = nullptr;
  OFBool removesOld = OFFalse;
  OFCondition condition = encoder.encode(words.data(), static_cast<Uint32>(length), &representation, made, &parameter, stack, removesOld);
  std::unique_ptr<DcmPixelSequence> sequence(made);
  if (condition.bad() || !sequence) return imageStatus(RK_IMAGE_UNSUPPORTED, "encoding a frame", condition.text());
  std::vector<std::pair<const Uint8 *, size_t>> pieces;
  size_t total = 0;
  for (unsigned long i = 1; i < sequence->card(); i++) {  // the first is the offset table
    DcmPixelItem *item = nullptr;
    Uint8 *bytes = nullptr;
    if (sequence->getItem(item, i).bad() || !item || item->getUint8Array(bytes).bad() || !bytes)
      return imageStatus(RK_IMAGE_UNSUPPORTED, "encoding a frame", "the codestream cannot be had");
    pieces.emplace_back(bytes, item->getLength());
    total += item->getLength();
  }
  auto *out = static_cast<uint8_t *>(std::malloc(total ? total : 1));
  if (!out) return imageStatus(RK_IMAGE_NO_MEMORY, "encoding a frame", "no memory");
  *data = out;
  *dataLength = total;
  for (const auto &piece : pieces) {
    std::memcpy(out, piece.first, piece.second);
    out += piece.second;
  }
  return imageStatus(RK_IMAGE_OK, "");
}

}  // namespace
}  // namespace rk

rk_status rk_image_encode_jpegls(const rk_image_format *format, const uint8_t *frame, size_t length, uint8_t **data,
                                 size_t *data_length) {
  *data = nullptr;
  *data_length = 0;
  try {
    size_t samples = size_t(format->rows) * format->columns * format->samples_per_pixel;
    if ((format->bits_allocated != 8 && format->bits_allocated != 16) || samples == 0 ||
        length != samples * (format->bits_allocated / 8) || format->photometric[sizeof format->photometric - 1] != 0)
      return rk::imageStatus(RK_IMAGE_UNSUPPORTED, "encoding a frame", "its format");
    return rk::encodeJPEGLS(*format, frame, length, data, data_length);
  } catch (const std::bad_alloc &) {
    return rk::imageStatus(RK_IMAGE_NO_MEMORY, "encoding a frame", "no memory");
  } catch (...) {
    return rk::imageStatus(RK_IMAGE_DAMAGED, "encoding a frame", "the encoder threw");
  }
}

void rk_image_free(uint8_t *data) { std::free(data); }
