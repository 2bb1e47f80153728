#pragma once

#include "sha256.hpp"
#include "status.hpp"

#include <memory>
#include <string>

namespace rk {
class SpoolFile;
}

/// See cdcmtk.h. Bytes are collected in one region (4096 bytes of head room, then up to the limit). When it is full it goes
/// to the file's own threads, and the next one is filled meanwhile: so the same memory serves small objects whole and large
/// ones as a buffer.
///
/// While one object arrives alone, its bytes are hashed as they come, beside a sender who sends the next ones. When several
/// arrive, each is hashed when it is whole: then others wait for the same, and go side by side.
struct rk_spool {
  rk_spool(std::string directory, size_t memory_limit, bool flushes);
  ~rk_spool();
  rk_spool(const rk_spool &) = delete;
  rk_spool &operator=(const rk_spool &) = delete;

  rk_status open();
  /// Room to read into: at least one byte, `*room` of them.
  rk_status reserve(uint8_t **target, size_t *room);
  /// Counts the first `count` bytes of what `reserve` gave.
  rk_status commit(size_t count);
  rk_status append(const uint8_t *bytes, size_t count);
  rk_status finish(uint8_t digest[32]);
  rk_status bytes(const void **bytes, size_t *count);
  void *head_room(size_t *count);
  rk_status write_to(int descriptor);
  rk_status take(char *path, size_t capacity, bool flushed);

  uint64_t count = 0;
  bool in_memory() const { return !spilled_; }
  const char *path() const { return path_.empty() ? nullptr : path_.c_str(); }

private:
  rk_status spill();
  rk_status hash_rest();
  void note_arrived();

  static constexpr size_t page = 4096;

  std::string directory_;
  std::string path_;
  size_t limit_;
  bool flushes_;
  uint8_t *region_ = nullptr;
  size_t used_ = 0;
  /// Bytes of the region that are hashed.
  size_t hashed_ = 0;
  bool arrives_ = false;
  bool spilled_ = false;
  bool finished_ = false;
  std::unique_ptr<rk::SpoolFile> file_;
  void *mapping_ = nullptr;
  rk::Sha256 hash_;
  uint8_t digest_[32] = {};
};
