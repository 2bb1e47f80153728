#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "ccodecs.h"

// A frame may ask its reader for a window of this many bytes as a power of two: 8 MiB, what zstd itself allows without being asked.
enum { WINDOW_LOG = 23 };

static cc_status failure(int code, const char *what) {
  cc_status status;
  memset(&status, 0, sizeof status);
  status.code = code;
  snprintf(status.text, sizeof status.text, "zstd: %s", what);
  return status;
}

cc_status cc_zstd(const void *bytes, size_t length, int level, cc_bytes *out) {
  out->data = NULL;
  out->length = 0;
  size_t room = ZSTD_compressBound(length);
  if (ZSTD_isError(room)) return failure(1, "too long");
  out->data = malloc(room);
  if (!out->data) return failure(2, "no memory");
  size_t written = ZSTD_compress(out->data, room, bytes, length, level);
  if (ZSTD_isError(written)) {
    cc_bytes_free(out);
    return failure(3, ZSTD_getErrorName(written));
  }
  out->length = written;
  return failure(0, "");
}

// Grows the output by doubling up to `limit`, so that what a frame claims of itself costs nothing before it is there.
static bool grow(cc_bytes *out, size_t *room, size_t limit) {
  size_t wanted = *room > limit / 2 ? limit : *room * 2;
  if (wanted <= *room) return false;
  uint8_t *data = realloc(out->data, wanted);
  if (!data) return false;
  out->data = data;
  *room = wanted;
  return true;
}

static cc_status unpack(ZSTD_DCtx *context, const void *bytes, size_t length, size_t limit, size_t room, cc_bytes *out) {
  ZSTD_inBuffer in = {bytes, length, 0};
  for (;;) {
    ZSTD_outBuffer piece = {out->data, room, out->length};
    size_t left = ZSTD_decompressStream(context, &piece, &in);
    if (ZSTD_isError(left)) return failure(3, ZSTD_getErrorName(left));
    out->length = piece.pos;
    if (left == 0) return in.pos == in.size ? failure(0, "") : failure(4, "bytes after the end");
    if (piece.pos < piece.size) {
      // There was room and more is wanted: the input has ended too early.
      if (in.pos == in.size) return failure(5, "ends too early");
    } else if (!grow(out, &room, limit)) {
      return failure(6, "larger than the limit");
    }
  }
}

cc_status cc_unzstd(const void *bytes, size_t length, size_t limit, cc_bytes *out) {
  out->data = NULL;
  out->length = 0;
  // One byte more than allowed: whoever fills it is too large.
  size_t most = limit + 1;
  size_t room = length < most / 8 ? length * 8 : most;
  if (room < 4096) room = most < 4096 ? most : 4096;
  out->data = malloc(room);
  ZSTD_DCtx *context = ZSTD_createDCtx();
  cc_status status;
  if (!out->data || !context) {
    status = failure(2, "no memory");
  } else {
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG);
    status = unpack(context, bytes, length, most, room, out);
    if (status.code == 0 && out->length > limit) status = failure(6, "larger than the limit");
  }
  ZSTD_freeDCtx(context);
  if (status.code != 0) cc_bytes_free(out);
  return status;
}

uint32_t cc_crc32(const void *bytes, size_t length) {
  return (uint32_t)crc32_z(0, bytes, length);
}
