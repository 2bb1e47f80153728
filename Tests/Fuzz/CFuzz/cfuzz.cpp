#include "cfuzz.h"

#include <cstdlib>
#include <cstring>

#include <vector>

#include "command.hpp"
#include "image.hpp"
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

void fuzz_command(const uint8_t *bytes, size_t count) {
  rk_message message{};
  const std::vector<uint8_t> command(bytes, bytes + count);
  if (rk::parse_command(command, &message).code != RK_OK) return;
  if (memchr(message.sop_class, 0, sizeof message.sop_class) == nullptr) abort();
  if (memchr(message.sop_instance, 0, sizeof message.sop_instance) == nullptr) abort();
  if (memchr(message.move_originator, 0, sizeof message.move_originator) == nullptr) abort();
}

void fuzz_coded_frame(const uint8_t *bytes, size_t count) {
  if (count < 3) return;
  rk_image_format format{};
  format.rows = bytes[0];
  format.columns = bytes[1];
  static const uint16_t allocated[] = {1, 8, 16, 32};
  format.bits_allocated = allocated[bytes[2] & 3];
  format.samples_per_pixel = bytes[2] & 4 ? 3 : 1;
  // A copy of its own: reading past its end is found.
  const std::vector<uint8_t> data(bytes + 3, bytes + count);
  rk::checkJPEGHeader(format, data.data(), data.size());
  const size_t pixels = size_t(format.rows) * format.columns;
  const size_t words = format.bits_allocated == 1 ? (pixels + 7) / 8 : pixels * format.bits_allocated / 8;
  std::vector<uint8_t> frame(words * format.samples_per_pixel);
  rk::decodeRLE(format, data.data(), data.size(), frame.data(), frame.size());
}
