#pragma once

#include "sha256.hpp"
#include "status.hpp"

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
  /// Regions of `region_size` that were given to `write` go back to the pool. `hash` belongs to this file until `finish`.
  SpoolFile(Sha256 &hash, size_t region_size) : hash_(hash), region_size_(region_size) {}
  ~SpoolFile() { close(); }
  SpoolFile(const SpoolFile &) = delete;
  SpoolFile &operator=(const SpoolFile &) = delete;

  /// Makes a file with a name of its own in `directory`.
  rk_status open(const std::string &directory);
  /// Has `count` bytes at `region + offset` (both multiples of 4096) appended; only the last piece may have a count that is
  /// no multiple of 4096. The first `hashed` of them are hashed already. Owns the region from now on, whatever it
  /// returns: what became of the pieces before.
  rk_status write(uint8_t *region, size_t offset, size_t count, size_t hashed);
  /// Waits until all is hashed and written, the file cut to `count` bytes and, if `flushes`, on the disk: that goes on
  /// beside the hashing of the last pieces.
  rk_status finish(uint64_t count, bool flushes);
  /// Brings a finished file and its name to the disk, if they are not there yet.
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
    size_t hashed;
  };
  /// What is done with every piece, each on a thread of its own.
  enum Stage { hashing, writing, stages };

  void run(Stage stage);
  rk_status write_piece(Piece piece);
  rk_status end_file();
  void prefetch(uint64_t from);
  void release_done();

  /// Pieces that wait: one is worked on while the next is there already.
  static constexpr size_t pieces_limit = 2;
  /// Bytes at either end that a parser is likely to look at.
  static constexpr size_t prefetched = 32 << 10;

  Sha256 &hash_;
  size_t region_size_;
  std::string path_;
  int file_ = -1;
  bool is_direct_ = false;
  uint64_t written_ = 0;
  bool is_flushed_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread threads_[stages];
  // Guarded by the mutex.
  std::deque<Piece> pieces_;
  /// How many of the pieces each stage is through with.
  size_t done_[stages] = {};
  bool ends_ = false;
  /// All pieces are there: the file is to be ended, with these.
  bool is_whole_ = false;
  bool is_ended_ = false;
  uint64_t size_ = 0;
  bool flushes_ = false;
  rk_status status_ = ok();
};

}  // namespace rk
