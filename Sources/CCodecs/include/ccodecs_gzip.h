#pragma once

// gzip, for JSON on its way to clients that ask for it.

#include "ccodecs.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Compresses `length` bytes into one gzip member (RFC 1952). `level` is zlib's, 1 (fast) to 9.
CC_EXPORT cc_status cc_gzip(const void *bytes, size_t length, int level, cc_bytes *out);

#ifdef __cplusplus
}
#endif
