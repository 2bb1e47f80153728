#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "ccodecs.h"

static cc_status failure(int code, const char *what) {
  cc_status status;
  memset(&status, 0, sizeof status);
  status.code = code;
  snprintf(status.text, sizeof status.text, "gzip: %s", what);
  return status;
}

cc_status cc_gzip(const void *bytes, size_t length, int level, cc_bytes *out) {
  out->data = NULL;
  out->length = 0;
  // zlib counts in `unsigned`: nothing that long is sent as one answer.
  if (length > UINT_MAX / 2) return failure(1, "too long");
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  // 15 bits of window, 16 more for the gzip wrapper.
  if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return failure(2, "no memory");
  size_t room = deflateBound(&stream, (uLong)length);
  out->data = malloc(room);
  if (!out->data) {
    deflateEnd(&stream);
    return failure(2, "no memory");
  }
  stream.next_in = (Bytef *)(uintptr_t)bytes;
  stream.avail_in = (uInt)length;
  stream.next_out = out->data;
  stream.avail_out = (uInt)room;
  int result = deflate(&stream, Z_FINISH);
  out->length = stream.total_out;
  deflateEnd(&stream);
  if (result != Z_STREAM_END) {
    cc_bytes_free(out);
    return failure(3, "did not end");
  }
  cc_status status;
  memset(&status, 0, sizeof status);
  return status;
}
