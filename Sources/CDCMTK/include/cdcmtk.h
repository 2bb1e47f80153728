#pragma once

// The one C header over DCMTK: opaque handles, bytes and status values. No DCMTK type and no exception crosses it.
// Only the Swift room `DICOM` imports it.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RK_EXPORT __attribute__((visibility("default")))

/// What a call came to: `code` 0 is success; `text` says what was tried and what DCMTK said, never patient data.
typedef struct {
  int32_t code;
  char text[200];
} rk_status;

// ---- library ----

// ---- dictionary ----

// ---- spool ----

// ---- network ----

// ---- image ----

#ifdef __cplusplus
}
#endif
