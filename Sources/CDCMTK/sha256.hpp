#pragma once

#include "sha256_lanes.hpp"
#include "status.hpp"

#include <openssl/evp.h>

namespace rk {

/// The SHA-256 of one arriving object.
///
/// With the processor's help it is calculated side by side with those of other threads, as far as they come at the same time:
/// see HashDesk. Elsewhere OpenSSL does it. One thread at a time.
class Sha256 {
public:
  Sha256() = default;
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256 &) = delete;
  Sha256 &operator=(const Sha256 &) = delete;

  rk_status open();
  rk_status update(const uint8_t *bytes, size_t count);
  rk_status finish(uint8_t digest[32]);

private:
  static constexpr size_t block = 64;

  EVP_MD_CTX *context_ = nullptr;  // nullptr where the processor helps
  uint32_t state_[8] = {};
  uint64_t count_ = 0;
  /// What of the bytes so far is no whole block.
  uint8_t rest_[block] = {};
};

}  // namespace rk
