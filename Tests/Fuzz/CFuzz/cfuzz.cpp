#include "cfuzz.h"

#include <cstdlib>
#include <cstring>

#include "request.hpp"

extern "C" int LLVMFuzzerRunDriver(int *argument_count, char ***arguments, int (*one_input)(const uint8_t *, size_t));

// The library's own main wants it, which is linked and not used.
extern "C" __attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *, size_t) { return 0; }

int fuzz_run(int argument_count, char **arguments, int (*one_input)(const uint8_t *, size_t)) {
  return LLVMFuzzerRunDriver(&argument_count, &arguments, one_input);
}

void fuzz_association_request(const uint8_t *bytes, size_t count) {
  rk::Request request;
  const rk_status status = request.parse(bytes, count);
  // What was accepted is what DCMTK is shown; it may rely on this.
  if (status.code == RK_OK && (request.contexts.empty() || request.contexts.size() > 128)) abort();
  if (memchr(request.titles.called, 0, sizeof request.titles.called) == nullptr) abort();
  if (memchr(status.text, 0, sizeof status.text) == nullptr) abort();
}
