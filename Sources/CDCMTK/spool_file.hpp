#pragma once

#include "status.hpp"

#include <openssl/evp.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace rk {

/// The file of an object that outgrew its memory. While the caller fills one region, a thread hashes the ones before and another
/// writes them: a large object is received, hashed and written at the same time.
///
/// Written around the page cache where the file system allows it: a large object costs no copy into the cache, no write-back
/// behind its back, and does not push out what readers use. Calls may block on the disk; one caller at a time.
class SpoolFile {
public:
  /// Regions that were given to `write` end in `release`, on the caller's thread or another.
  explicit SpoolFile(void (*release)(uint8_t *region, size_t size), size_t region_size)
      : release_(release), region_size_(region_size) {}
  ~SpoolFile() { close(); }
  SpoolFile(const SpoolFile &) = delete;
  SpoolFile &operator=(const SpoolFile &) = delete;

  /// Makes a file with a name of its own in `directory`.
  rk_status open(const std::string &directory);
  /// Has `count` bytes at `region + offset` (both multiples of 4096) appended; only the last piece may have a count that is
  /// no multiple of 4096. Owns the region from now on, whatever it returns: what became of the pieces before.
  ///
  /// With a `hash` the bytes are added to it; nobody else may touch it before `finish`.
  rk_status write(uint8_t *region, size_t offset, size_t count, EVP_MD_CTX *hash);
  /// Waits until all is hashed and written and cuts the file to `count` bytes.
  rk_status finish(uint64_t count);
  /// Brings a finished file to the disk.
  rk_status flush();
  /// Ends the threads and closes the file.
  void close() noexcept;

  const std::string &path() const { return path_; }
  int descriptor() const { return file_; }

private:
  struct Piece {
    uint8_t *region;
    size_t offset;
    size_t count;
    EVP_MD_CTX *hash;
  };
  /// What is done with every piece, each on a thread of its own.
  enum Stage { hashing, writing, stages };

  void run(Stage stage);
  rk_status write_piece(Piece piece);
  void release_done();

  /// Pieces that wait: one is worked on while the next is there already.
  static constexpr size_t pieces_limit = 2;

  void (*release_)(uint8_t *, size_t);
  size_t region_size_;
  std::string path_;
  int file_ = -1;
  bool is_direct_ = false;
  uint64_t written_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread threads_[stages];
  // Guarded by the mutex.
  std::deque<Piece> pieces_;
  /// How many of the pieces each stage is through with.
  size_t done_[stages] = {};
  bool ends_ = false;
  rk_status status_ = ok();
};

}  // namespace rk
