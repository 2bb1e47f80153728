#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcfilefo.h"
#include "dcmtk/dcmdata/dcpixseq.h"
#include "dcmtk/dcmdata/dcpxitem.h"
#include "dcmtk/dcmdata/dcrledrg.h"
#include "dcmtk/dcmdata/dcuid.h"
#include "dcmtk/dcmdata/dcvrcs.h"
#include "dcmtk/dcmdata/dcvris.h"
#include "dcmtk/dcmdata/dcvrus.h"
#include "dcmtk/dcmdata/dcxfer.h"
#include "dcmtk/dcmjpeg/djcparam.h"
#include "dcmtk/dcmjpeg/djdecbas.h"
#include "dcmtk/dcmjpeg/djdecext.h"
#include "dcmtk/dcmjpeg/djdeclol.h"
#include "dcmtk/dcmjpeg/djdecode.h"
#include "dcmtk/dcmjpeg/djdecpro.h"
#include "dcmtk/dcmjpeg/djdecsps.h"
#include "dcmtk/dcmjpeg/djdecsv1.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "image.hpp"

namespace rk {

rk_status imageStatus(int32_t code, const char *what, const char *detail) {
  rk_status status = {code, ""};
  std::snprintf(status.text, sizeof status.text, *detail ? "%s: %s" : "%s", what, detail);
  return status;
}

namespace {

// Codec objects are called directly, not through DCMTK's global list: what a frame decodes to must not depend on who registered
// which parameters first. They are stateless; each call makes its own decoder.
struct Decoders {
  // Colour follows Photometric Interpretation: YBR_FULL and YBR_FULL_422 of a JPEG become RGB, samples labelled RGB stay.
  DJCodecParameter jpegParameter{ECC_lossyYCbCr, EDC_photometricInterpretation, EUC_default, EPC_colorByPixel};
  // Lossless JPEG keeps what it was given, YBR_FULL too: to undo that would round the samples.
  DJCodecParameter losslessParameter{ECC_lossyYCbCr, EDC_never, EUC_default, EPC_colorByPixel};
  DJDecoderBaseline baseline;
  DJDecoderExtended extended;
  DJDecoderSpectralSelection spectral;
  DJDecoderProgressive progressive;
  DJDecoderLossless lossless;
  DJDecoderP14SV1 sv1;

  const DcmCodec *codec(const char *syntax) const {
    const struct {
      const char *uid;
      const DcmCodec *codec;
    } table[] = {
        {UID_JPEGProcess1TransferSyntax, &baseline},
        {UID_JPEGProcess2_4TransferSyntax, &extended},
        {UID_JPEGProcess6_8TransferSyntax, &spectral},
        {UID_JPEGProcess10_12TransferSyntax, &progressive},
        {UID_JPEGProcess14TransferSyntax, &lossless},
        {UID_JPEGProcess14SV1TransferSyntax, &sv1},
    };
    for (const auto &row : table)
      if (std::strcmp(row.uid, syntax) == 0) return row.codec;
    return nullptr;
  }
};

const Decoders &decoders() {
  static const Decoders *all = new Decoders;
  return *all;
}

// DCMTK 3.6.7 has no name for it.
bool isDeflatedFrame(const char *syntax) { return std::strcmp(syntax, "1.2.840.10008.1.2.8.1") == 0; }

bool isRLE(const char *syntax) { return std::strcmp(syntax, UID_RLELosslessTransferSyntax) == 0; }

void putUS(DcmItem &item, const DcmTagKey &key, Uint16 value) {
  auto *element = new DcmUnsignedShort(DcmTag(key, EVR_US));
  element->putUint16(value);
  if (item.insert(element, OFTrue).bad()) delete element;
}

}  // namespace

void describe(DcmItem &item, const rk_image_format &format) {
  putUS(item, DCM_SamplesPerPixel, format.samples_per_pixel);
  auto *photometric = new DcmCodeString(DcmTag(DCM_PhotometricInterpretation, EVR_CS));
  photometric->putString(format.photometric);
  if (item.insert(photometric, OFTrue).bad()) delete photometric;
  if (format.samples_per_pixel > 1) putUS(item, DCM_PlanarConfiguration, 0);
  putUS(item, DCM_Rows, format.rows);
  putUS(item, DCM_Columns, format.columns);
  putUS(item, DCM_BitsAllocated, format.bits_allocated);
  putUS(item, DCM_BitsStored, format.bits_stored);
  putUS(item, DCM_HighBit, format.high_bit);
  putUS(item, DCM_PixelRepresentation, format.is_signed ? 1 : 0);
  auto *frames = new DcmIntegerString(DcmTag(DCM_NumberOfFrames, EVR_IS));
  frames->putString("1");
  if (item.insert(frames, OFTrue).bad()) delete frames;
}

namespace {

rk_status decodeByDCMTK(const DcmCodec *codec, const char *syntax, rk_image_format &format, const uint8_t *data, size_t length,
                        uint8_t *frame, size_t frameLength) {
  if (length > 0xfffffff0u || frameLength > 0xfffffff0u) return imageStatus(RK_IMAGE_DAMAGED, "encapsulated frame", "too long");
  rk_status header = checkJPEGHeader(format, data, length);
  if (header.code) return header;

  DcmDataset dataset;
  describe(dataset, format);
  E_TransferSyntax transferSyntax = DcmXfer(syntax).getXfer();
  DcmPixelSequence sequence(DcmTag(DCM_PixelData, EVR_OB));
  sequence.changeXfer(transferSyntax);
  for (int i = 0; i < 2; i++) {  // the offset table, empty, and the frame
    auto item = std::make_unique<DcmPixelItem>(DcmTag(DCM_Item, EVR_OB));
    if (i == 1) {
      Uint8 *bytes = nullptr;
      size_t even = (length + 1) & ~size_t(1);
      if (item->createUint8Array(static_cast<Uint32>(even), bytes).bad() || !bytes)
        return imageStatus(RK_IMAGE_NO_MEMORY, "encapsulated frame", "no memory");
      std::memcpy(bytes, data, length);
      if (even > length) bytes[length] = 0;
    }
    if (sequence.insert(item.get()).bad()) return imageStatus(RK_IMAGE_NO_MEMORY, "encapsulated frame", "no memory");
    item.release();
  }
  std::memset(frame, 0, frameLength);
  Uint32 startFragment = 1;
  OFString colorModel;
  const auto &all = decoders();
  const DcmCodecParameter *parameter = codec == &all.lossless || codec == &all.sv1 ? &all.losslessParameter : &all.jpegParameter;
  OFCondition condition = codec->decodeFrame(nullptr, &sequence, parameter, &dataset, 0, startFragment, frame,
                                             static_cast<Uint32>(frameLength), colorModel);
  if (condition.bad()) return imageStatus(RK_IMAGE_DAMAGED, "decoding a frame", condition.text());
  std::snprintf(format.photometric, sizeof format.photometric, "%s", colorModel.c_str());
  return imageStatus(RK_IMAGE_OK, "");
}

void registerCodecs() {
  static std::once_flag once;
  std::call_once(once, [] {
    DJDecoderRegistration::registerCodecs(EDC_photometricInterpretation, EUC_default, EPC_default);
    DcmRLEDecoderRegistration::registerCodecs();
  });
}

}  // namespace

}  // namespace rk

bool rk_image_can_decode(const char *transfer_syntax) {
  return rk::isRLE(transfer_syntax) || rk::isDeflatedFrame(transfer_syntax) || rk::decoders().codec(transfer_syntax) != nullptr;
}

rk_status rk_image_decode(const char *transfer_syntax, rk_image_format *format, const uint8_t *data, size_t length,
                          uint8_t *frame, size_t frame_length) {
  try {
    format->photometric[sizeof format->photometric - 1] = 0;
    size_t pixels = size_t(format->rows) * format->columns * format->samples_per_pixel;
    size_t implied = format->bits_allocated == 1 ? (pixels + 7) / 8 : pixels * (format->bits_allocated / 8);
    if (pixels == 0 || frame_length != implied) return rk::imageStatus(RK_IMAGE_DAMAGED, "decoding a frame", "size of the frame");
    if (rk::isRLE(transfer_syntax)) return rk::decodeRLE(*format, data, length, frame, frame_length);
    if (rk::isDeflatedFrame(transfer_syntax)) return rk::decodeDeflated(data, length, frame, frame_length);
    const DcmCodec *codec = rk::decoders().codec(transfer_syntax);
    if (!codec) return rk::imageStatus(RK_IMAGE_UNSUPPORTED, "no decoder for this transfer syntax", transfer_syntax);
    return rk::decodeByDCMTK(codec, transfer_syntax, *format, data, length, frame, frame_length);
  } catch (const std::bad_alloc &) {
    return rk::imageStatus(RK_IMAGE_NO_MEMORY, "decoding a frame", "no memory");
  } catch (...) {
    return rk::imageStatus(RK_IMAGE_DAMAGED, "decoding a frame", "the decoder threw");
  }
}

rk_status rk_image_transcode(const char *path, const char *transfer_syntax, const char *output) {
  try {
    rk::registerCodecs();
    E_TransferSyntax wanted = DcmXfer(transfer_syntax).getXfer();
    if (wanted == EXS_Unknown) return rk::imageStatus(RK_IMAGE_UNSUPPORTED, "unknown transfer syntax", transfer_syntax);
    DcmFileFormat file;
    OFCondition condition = file.loadFile(path, EXS_Unknown, EGL_noChange);
    if (condition.bad()) return rk::imageStatus(RK_IMAGE_IO, "reading the file", condition.text());
    DcmDataset *dataset = file.getDataset();
    condition = dataset->chooseRepresentation(wanted, nullptr);
    if (condition.bad() || !dataset->canWriteXfer(wanted)) {
      const char *name = DcmXfer(dataset->getOriginalXfer()).getXferID();
      return rk::imageStatus(RK_IMAGE_UNSUPPORTED, "no conversion from transfer syntax", name);
    }
    // The meta header names the new syntax and keeps the rest; values above stay in the source file until they are copied.
    condition = file.saveFile(output, wanted, EET_ExplicitLength, EGL_recalcGL, EPD_withoutPadding, 0, 0, EWM_fileformat);
    if (condition.bad()) return rk::imageStatus(RK_IMAGE_IO, "writing the file", condition.text());
    return rk::imageStatus(RK_IMAGE_OK, "");
  } catch (const std::bad_alloc &) {
    return rk::imageStatus(RK_IMAGE_NO_MEMORY, "transcoding", "no memory");
  } catch (...) {
    return rk::imageStatus(RK_IMAGE_DAMAGED, "transcoding", "DCMTK threw");
  }
}
