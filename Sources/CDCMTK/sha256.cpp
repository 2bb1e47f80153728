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

/// Says whether one to four messages side by side get the digests that OpenSSL finds.
///
/// Objects are named by these digests, and both ends of a link believe them: a processor or a virtual machine that calculates
/// wrongly must not name a single one. It takes some microseconds, once.
bool lanes_agree_with_openssl() {
  constexpr size_t blocks = 3, length = blocks * 64 - 64;
  uint8_t messages[sha256_lanes_limit][blocks * 64] = {};
  for (size_t count = 1; count <= sha256_lanes_limit; count++) {
    uint32_t states[sha256_lanes_limit][8];
    Sha256Lane lanes[sha256_lanes_limit];
    for (size_t i = 0; i < count; i++) {
      for (size_t k = 0; k < length; k++) messages[i][k] = static_cast<uint8_t>(k * 31 + i * 101 + count * 7);
      // The end of a message of whole blocks (FIPS 180-4, 5.1.1): a one, zeros, its length in bits.
      messages[i][length] = 0x80;
      messages[i][blocks * 64 - 2] = static_cast<uint8_t>(length * 8 >> 8);
      messages[i][blocks * 64 - 1] = static_cast<uint8_t>(length * 8);
      memcpy(states[i], first_state, sizeof first_state);
      lanes[i] = {states[i], messages[i]};
    }
    sha256_blocks(lanes, count, blocks);
    for (size_t i = 0; i < count; i++) {
      uint8_t expected[32];
      unsigned size = sizeof expected;
      if (EVP_Digest(messages[i], length, expected, &size, openssl_sha256(), nullptr) != 1) return false;
      for (size_t k = 0; k < sizeof expected; k++)
        if (expected[k] != static_cast<uint8_t>(states[i][k / 4] >> (24 - 8 * (k % 4)))) return false;
    }
  }
  return true;
}

bool uses_lanes() {
  static const bool uses = has_sha256_lanes() && openssl_sha256() != nullptr && lanes_agree_with_openssl();
  return uses;
}

}  // namespace

rk_status Sha256::open() {
  if (uses_lanes()) {
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
