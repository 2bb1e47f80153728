#include <stdlib.h>
#include <string.h>

#include "jpeg2000_stream.h"

// ---- what a codestream says of itself ----

static uint32_t be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static uint32_t be32(const uint8_t *p) { return be16(p) << 16 | be16(p + 2); }

static cc_status damaged(const char *what) { return cc_j2k_failure(CC_J2K_DAMAGED, what, NULL); }

/// One box of a JP2 file; `end` is where the boxes around it end. False when there is no whole box.
static bool next_box(const uint8_t *data, size_t *at, size_t end, uint32_t *type, size_t *content, size_t *content_end) {
  size_t start = *at;
  if (start > end || end - start < 8) return false;
  uint64_t length = be32(data + start);
  size_t header = 8;
  *type = be32(data + start + 4);
  if (length == 1) {
    if (end - start < 16) return false;
    length = (uint64_t)be32(data + start + 8) << 32 | be32(data + start + 12);
    header = 16;
  } else if (length == 0) {
    length = end - start;
  }
  if (length < header || length > end - start) return false;
  *content = start + header;
  *content_end = start + (size_t)length;
  *at = *content_end;
  return true;
}

/// Finds the codestream in a JP2 file and what its colour box says.
static cc_status open_boxes(const uint8_t *data, size_t length, cc_j2k_info *info) {
  static const uint32_t header = 0x6a703268, codestream = 0x6a703263, colour = 0x636f6c72;  // jp2h, jp2c, colr
  size_t at = 12, content, end;
  uint32_t type;
  while (next_box(data, &at, length, &type, &content, &end)) {
    if (type == codestream) {
      info->codestream_offset = content;
      info->codestream_length = end - content;
      return (cc_status){CC_J2K_OK, ""};
    }
    if (type != header) continue;
    size_t inner = content, inner_content, inner_end;
    while (next_box(data, &inner, end, &type, &inner_content, &inner_end))
      if (type == colour && inner_end - inner_content >= 7 && data[inner_content] == 1 && info->colour_space == 0)
        info->colour_space = be32(data + inner_content + 3);
  }
  return damaged("JP2 boxes hold no whole codestream");
}

static cc_status read_siz(const uint8_t *siz, size_t length, cc_j2k_info *info) {
  if (length < 38) return damaged("JPEG 2000: size marker cut off");
  const uint32_t x1 = be32(siz + 4), y1 = be32(siz + 8), x0 = be32(siz + 12), y0 = be32(siz + 16);
  const uint32_t tile_width = be32(siz + 20), tile_height = be32(siz + 24), tile_x = be32(siz + 28), tile_y = be32(siz + 32);
  const uint32_t components = be16(siz + 36);
  if (x1 <= x0 || y1 <= y0 || x1 > INT32_MAX || y1 > INT32_MAX || !tile_width || !tile_height || tile_x > x0 ||
      tile_y > y0 || (uint64_t)tile_x + tile_width <= x0 || (uint64_t)tile_y + tile_height <= y0)
    return damaged("JPEG 2000: impossible size");
  if (components < 1 || length < 38 + (size_t)components * 3) return damaged("JPEG 2000: impossible number of components");
  const uint64_t across = ((uint64_t)x1 - tile_x + tile_width - 1) / tile_width;
  const uint64_t down = ((uint64_t)y1 - tile_y + tile_height - 1) / tile_height;
  if (across > 65535 || down > 65535 || across * down > 65535) return damaged("JPEG 2000: too many tiles");
  info->x0 = x0;
  info->y0 = y0;
  info->width = x1 - x0;
  info->height = y1 - y0;
  info->tiles = (uint32_t)(across * down);
  info->components = (uint16_t)components;
  info->precision = (uint8_t)((siz[38] & 0x7f) + 1);
  info->is_signed = siz[38] >> 7;
  for (uint32_t c = 0; c < components; c++) {
    const uint8_t *component = siz + 38 + 3 * c;
    if (component[0] != siz[38]) info->is_uniform = false;
    if (component[1] == 0 || component[2] == 0) return damaged("JPEG 2000: impossible subsampling");
    if (component[1] != 1 || component[2] != 1) info->is_subsampled = true;
  }
  return (cc_status){CC_J2K_OK, ""};
}

cc_status cc_j2k_inspect(const uint8_t *data, size_t length, cc_j2k_info *info) {
  static const uint8_t signature[12] = {0, 0, 0, 12, 'j', 'P', ' ', ' ', 0x0d, 0x0a, 0x87, 0x0a};
  memset(info, 0, sizeof *info);
  info->is_uniform = true;
  info->codestream_length = length;
  if (length >= sizeof signature && memcmp(data, signature, sizeof signature) == 0) {
    cc_status status = open_boxes(data, length, info);
    if (status.code) return status;
  }
  const uint8_t *stream = data + info->codestream_offset;
  const size_t end = info->codestream_length;
  if (end < 6 || be32(stream) != 0xff4fff51) return damaged("not a JPEG 2000 codestream");
  bool has_style = false;
  for (size_t at = 2; at + 4 <= end;) {
    const uint32_t marker = be16(stream + at), size = be16(stream + at + 2);
    if (marker == 0xff90) {  // SOT: the main header is over
      if (!has_style) break;
      return (cc_status){CC_J2K_OK, ""};
    }
    if (marker < 0xff01 || size < 2 || size > end - at - 2) return damaged("JPEG 2000: damaged main header");
    const uint8_t *segment = stream + at + 4;
    const size_t content = size - 2;
    if (marker == 0xff51) {
      if (at != 2) return damaged("JPEG 2000: two size markers");
      // `segment` begins behind the length: capabilities first.
      cc_status status = read_siz(segment - 2, size, info);
      if (status.code) return status;
    } else if (marker == 0xff52 && !has_style) {
      if (content < 10) return damaged("JPEG 2000: coding style cut off");
      info->layers = (uint16_t)be16(segment + 2);
      info->has_color_transform = segment[4] != 0;
      info->decompositions = segment[5];
      info->is_reversible = segment[9] == 1;
      if (info->layers < 1 || info->decompositions > 32) return damaged("JPEG 2000: impossible coding style");
      has_style = true;
    } else if (marker == 0xff50) {
      info->is_high_throughput = true;
    }
    at += 2 + size;
  }
  return damaged("JPEG 2000: no whole main header");
}

// ---- sizes ----

static uint64_t reduced(uint64_t coordinate, unsigned reduce) {
  return reduce > 62 ? coordinate > 0 : (coordinate + (((uint64_t)1 << reduce) - 1)) >> reduce;
}

uint32_t cc_j2k_reduced_width(const cc_j2k_info *info, unsigned reduce) {
  return (uint32_t)(reduced((uint64_t)info->x0 + info->width, reduce) - reduced(info->x0, reduce));
}

uint32_t cc_j2k_reduced_height(const cc_j2k_info *info, unsigned reduce) {
  return (uint32_t)(reduced((uint64_t)info->y0 + info->height, reduce) - reduced(info->y0, reduce));
}

// ---- samples ----

typedef struct {
  const OPJ_INT32 *values;
  uint32_t width, height;        // of the component
  uint32_t across, down;         // picture pixels for one sample of the component
  unsigned precision;
} plane;

/// Words by pixel: the low bits that the codestream codes, extended as the data set's Pixel Representation says, whatever the
/// codestream says of its sign (devices disagree with themselves there, and the data set is what readers go by).
#define DEFINE_STORE(name, unsigned_word, signed_word)                                                                   \
  static void name(const plane *planes, unsigned components, uint32_t width, uint32_t height, bool is_signed,            \
                   uint8_t *out) {                                                                                       \
    const size_t step = components * sizeof(unsigned_word);                                                              \
    for (unsigned c = 0; c < components; c++) {                                                                          \
      const plane p = planes[c];                                                                                         \
      const unsigned spare = sizeof(unsigned_word) * 8 - p.precision;                                                    \
      uint8_t *at = out + c * sizeof(unsigned_word);                                                                     \
      for (uint32_t y = 0; y < height; y++) {                                                                            \
        uint32_t from = y / p.down;                                                                                      \
        const OPJ_INT32 *row = p.values + (size_t)(from < p.height ? from : p.height - 1) * p.width;                     \
        for (uint32_t x = 0; x < width; x++, at += step) {                                                               \
          uint32_t column = p.across == 1 ? x : x / p.across;                                                            \
          if (column >= p.width) column = p.width - 1;                                                                   \
          unsigned_word word = (unsigned_word)((unsigned_word)row[column] << spare);                                     \
          word = is_signed ? (unsigned_word)((signed_word)word >> spare) : (unsigned_word)(word >> spare);               \
          memcpy(at, &word, sizeof word);                                                                                \
        }                                                                                                                \
      }                                                                                                                  \
    }                                                                                                                    \
  }

DEFINE_STORE(store8, uint8_t, int8_t)
DEFINE_STORE(store16, uint16_t, int16_t)
DEFINE_STORE(store32, uint32_t, int32_t)

static cc_status store(const opj_image_t *image, const cc_j2k_request *request, uint32_t width, uint32_t height, uint8_t *out) {
  plane planes[4];
  if (image->numcomps < request->components) return damaged("JPEG 2000: components are missing");
  for (unsigned c = 0; c < request->components; c++) {
    const opj_image_comp_t *component = &image->comps[c];
    if (!component->data || component->w < 1 || component->h < 1) return damaged("JPEG 2000: a component is missing");
    if (component->prec < 1 || component->prec > request->bits_allocated)
      return damaged("JPEG 2000: samples have more bits than the data set allocates");
    planes[c] = (plane){component->data, component->w, component->h, component->dx, component->dy, component->prec};
    // A component at full resolution covers the picture exactly; a subsampled one may end a sample early.
    if (component->dx == 1 && component->dy == 1 && (component->w != width || component->h != height))
      return damaged("JPEG 2000: a component has another size");
  }
  (request->bits_allocated == 8 ? store8 : request->bits_allocated == 16 ? store16 : store32)(
      planes, request->components, width, height, request->is_signed, out);
  return (cc_status){CC_J2K_OK, ""};
}

// ---- decoding ----

cc_status cc_j2k_decode(const uint8_t *data, size_t length, const cc_j2k_request *request, void *out, size_t out_length) {
  cc_j2k_info info;
  cc_status status = cc_j2k_inspect(data, length, &info);
  if (status.code) return status;
  if (request->components < 1 || request->components > 4 ||
      (request->bits_allocated != 8 && request->bits_allocated != 16 && request->bits_allocated != 32))
    return cc_j2k_failure(CC_J2K_UNSUPPORTED, "JPEG 2000 decoding: format", NULL);
  if (info.components != request->components)
    return damaged("JPEG 2000: another number of components than the data set says");
  if (request->reduce > info.decompositions)
    return cc_j2k_failure(CC_J2K_UNSUPPORTED, "JPEG 2000: the codestream has no such small resolution", NULL);
  const uint64_t samples = (uint64_t)info.width * info.height * info.components;
  // OpenJPEG keeps a table of coding parameters for each tile, larger than the tile's samples when tiles are tiny.
  const uint64_t parameters = (uint64_t)info.tiles * (6000 + 1200 * (uint64_t)info.components) / 8;
  if (info.width > 65535 || info.height > 65535 || samples > request->most_samples ||
      parameters > request->most_samples + (1 << 20))
    return cc_j2k_failure(CC_J2K_TOO_LARGE, "JPEG 2000: larger than the limit", NULL);
  const uint32_t width = cc_j2k_reduced_width(&info, request->reduce);
  const uint32_t height = cc_j2k_reduced_height(&info, request->reduce);
  if (out_length != (size_t)width * height * request->components * (request->bits_allocated / 8u))
    return damaged("JPEG 2000: another size than the data set says");

  cc_j2k_messages messages = {""};
  cc_j2k_source source = {data + info.codestream_offset, info.codestream_length, request->is_prefix, 0};
  opj_dparameters_t settings;
  opj_set_default_decoder_parameters(&settings);
  settings.cp_reduce = request->reduce;
  opj_image_t *image = NULL;
  opj_codec_t *codec = opj_create_decompress(OPJ_CODEC_J2K);
  opj_stream_t *stream = cc_j2k_open_source(&source);
  if (!codec || !stream) {
    status = cc_j2k_failure(CC_J2K_NO_MEMORY, "JPEG 2000 decoding: out of memory", NULL);
    goto done;
  }
  cc_j2k_listen(codec, &messages);
  if (!opj_setup_decoder(codec, &settings)) {
    status = cc_j2k_failure(CC_J2K_FAILED, "JPEG 2000 decoder", &messages);
    goto done;
  }
  if (request->threads > 1) opj_codec_set_threads(codec, (int)(request->threads < 64 ? request->threads : 64));
  if (!opj_read_header(stream, codec, &image) || !opj_decode(codec, stream, image) || !opj_end_decompress(codec, stream)) {
    status = cc_j2k_failure(CC_J2K_DAMAGED, "JPEG 2000 decoding", &messages);
    goto done;
  }
  status = store(image, request, width, height, out);

done:
  if (stream) opj_stream_destroy(stream);
  if (codec) opj_destroy_codec(codec);
  if (image) opj_image_destroy(image);
  return status;
}
