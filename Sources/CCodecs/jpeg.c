#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "ccodecs.h"

static cc_status jpeg_failure(tjhandle handle, const char *what) {
  cc_status status = {1, ""};
  snprintf(status.text, sizeof status.text, "%s: %s", what, handle ? tjGetErrorStr2(handle) : "out of memory");
  return status;
}

cc_status cc_jpeg_encode(const uint8_t *pixels, int width, int height, int channels, int quality, bool full_chroma,
                         cc_bytes *out) {
  out->data = NULL;
  out->length = 0;
  if (width < 1 || height < 1 || width > 65500 || height > 65500 || (channels != 1 && channels != 3))
    return jpeg_failure(NULL, "JPEG cannot hold this size");
  tjhandle compressor = tjInitCompress();
  if (!compressor) return jpeg_failure(NULL, "tjInitCompress");
  int sampling = channels == 1 ? TJSAMP_GRAY : full_chroma ? TJSAMP_444 : TJSAMP_420;
  unsigned long capacity = tjBufSize(width, height, sampling);
  unsigned char *data = capacity == (unsigned long)-1 ? NULL : malloc(capacity);
  if (!data) {
    tjDestroy(compressor);
    return jpeg_failure(NULL, "JPEG buffer");
  }
  unsigned long length = capacity;
  if (quality < 1) quality = 1;
  if (quality > 100) quality = 100;
  if (tjCompress2(compressor, pixels, width, 0, height, channels == 1 ? TJPF_GRAY : TJPF_RGB, &data, &length, sampling,
                  quality, TJFLAG_NOREALLOC)) {
    cc_status failed = jpeg_failure(compressor, "JPEG encoding");
    free(data);
    tjDestroy(compressor);
    return failed;
  }
  tjDestroy(compressor);
  out->data = data;
  out->length = length;
  return (cc_status){0, ""};
}
