#pragma once

// How C++ says what a call came to. Every exported function catches everything: `rk::guarded` does it in one place.

#include "cdcmtk.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

namespace rk {

inline rk_status ok() {
  rk_status status;
  status.code = RK_OK;
  status.text[0] = '\0';
  return status;
}

__attribute__((format(printf, 2, 3))) inline rk_status failed(int32_t code, const char *format, ...) {
  rk_status status;
  status.code = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(status.text, sizeof status.text, format, arguments);
  va_end(arguments);
  return status;
}

/// "`tried`: `strerror`".
inline rk_status failed_call(int32_t code, const char *tried, int error = errno) {
  char buffer[128];
  return failed(code, "%s: %s", tried, strerror_r(error, buffer, sizeof buffer));
}

/// Runs `body` (which returns rk_status) and turns an exception into a status.
template <typename Body> rk_status guarded(const char *tried, Body &&body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return failed(RK_NO_MEMORY, "%s: out of memory", tried);
  } catch (const std::exception &) {
    return failed(RK_FAILED, "%s: unexpected exception", tried);
  } catch (...) {
    return failed(RK_FAILED, "%s: unexpected exception", tried);
  }
}

/// Copies at most `capacity - 1` characters and always ends with NUL.
inline void copy_text(char *target, size_t capacity, const char *source, size_t length) {
  if (length >= capacity) length = capacity - 1;
  memcpy(target, source, length);
  target[length] = '\0';
}

}  // namespace rk
