// SHA-256 as bytes come (FIPS 180-4).

#include "sha256.hpp"

#include "hash_desk.hpp"

#include <string.h>

namespace rk {

namespace {

/// FIPS 180-4, 5.3.3.
constexpr uint32_t first_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// Looked up once: OpenSSL 3 searches its providers at every EVP_sha256().
const EVP_MD *openssl_sha256() {
  static const EVP_MD *digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest;
}

}  // namespace

rk_status Sha256::open() {
  if (has_sha256_lanes()) {
    memcpy(state_, first_state, sizeof state_);
    return ok();
  }
  context_ = EVP_MD_CTX_new();
  if (context_ == nullptr || openssl_sha256() == nullptr || EVP_DigestInit_ex2(context_, openssl_sha256(), nullptr) != 1)
    return failed(RK_FAILED, "start SHA-256: OpenSSL refused");
  return ok();
}

rk_status Sha256::update(const uint8_t *bytes, size_t count) {
  if (context_ != nullptr)
    return EVP_DigestUpdate(context_, bytes, count) == 1 ? ok() : failed(RK_FAILED, "update SHA-256");
  const size_t waiting = count_ % block;
  count_ += count;
  if (waiting > 0) {
    const size_t n = count < block - waiting ? count : block - waiting;
    memcpy(rest_ + waiting, bytes, n);
    bytes += n;
    count -= n;
    if (waiting + n < block) return ok();
    HashDesk::shared().hash(state_, rest_, 1);
  }
  HashDesk::shared().hash(state_, bytes, count / block);
  memcpy(rest_, bytes + count / block * block, count % block);
  return ok();
}

rk_status Sha256::finish(uint8_t digest[32]) {
  if (context_ != nullptr) {
    unsigned size = 32;
    return EVP_DigestFinal_ex(context_, digest, &size) == 1 ? ok() : failed(RK_FAILED, "finish SHA-256");
  }
  // A one, zeros, and the length in bits as the last eight bytes of a block (5.1.1).
  uint8_t end[2 * block] = {};
  const size_t waiting = count_ % block;
  const size_t blocks = waiting + 9 > block ? 2 : 1;
  memcpy(end, rest_, waiting);
  end[waiting] = 0x80;
  for (size_t i = 0; i < 8; i++) end[blocks * block - 1 - i] = static_cast<uint8_t>(count_ * 8 >> 8 * i);
  HashDesk::shared().hash(state_, end, blocks);
  for (size_t i = 0; i < 32; i++) digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  return ok();
}

}  // namespace rk
