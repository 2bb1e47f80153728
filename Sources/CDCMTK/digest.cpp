// SHA-256 for bytes that no spool holds: objects read again from the disk.

#include <openssl/evp.h>

#include <new>

#include "cdcmtk.h"
#include "status.hpp"

struct rk_sha256 {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  ~rk_sha256() { EVP_MD_CTX_free(context); }
};

rk_status rk_sha256_open(rk_sha256 **out) {
  *out = nullptr;
  auto *hash = new (std::nothrow) rk_sha256;
  if (hash == nullptr) return rk::failed(RK_NO_MEMORY, "make a SHA-256");
  if (hash->context == nullptr || EVP_DigestInit_ex(hash->context, EVP_sha256(), nullptr) != 1) {
    delete hash;
    return rk::failed(RK_FAILED, "begin a SHA-256");
  }
  *out = hash;
  return rk::ok();
}

rk_status rk_sha256_update(rk_sha256 *hash, const void *bytes, size_t count) {
  if (EVP_DigestUpdate(hash->context, bytes, count) != 1) return rk::failed(RK_FAILED, "update a SHA-256");
  return rk::ok();
}

rk_status rk_sha256_finish(rk_sha256 *hash, uint8_t digest[32]) {
  if (EVP_DigestFinal_ex(hash->context, digest, nullptr) != 1) return rk::failed(RK_FAILED, "finish a SHA-256");
  return rk::ok();
}

void rk_sha256_free(rk_sha256 *hash) { delete hash; }
