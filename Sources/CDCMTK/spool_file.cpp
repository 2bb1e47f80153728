// The file of an arriving object that outgrew its memory.

#include "spool_file.hpp"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <exception>

namespace rk {

namespace {
constexpr size_t page = 4096;
}

rk_status SpoolFile::open(const std::string &directory) {
  path_ = directory + "/spool-XXXXXX";
  file_ = mkostemp(path_.data(), O_CLOEXEC);
  if (file_ < 0) {
    path_.clear();
    return failed_call(RK_DISK, "create a spool file");
  }
  const int flags = fcntl(file_, F_GETFL);
  is_direct_ = flags >= 0 && fcntl(file_, F_SETFL, flags | O_DIRECT) == 0;
  return ok();
}

rk_status SpoolFile::write(uint8_t *region, size_t offset, size_t count, EVP_MD_CTX *hash) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return pieces_.size() < pieces_limit; });
  if (status_.code != RK_OK) {
    release_(region, region_size_);
    return status_;
  }
  // Here, not on the writing thread: the hashing one reads the region at the same time.
  const size_t padding = (page - count % page) % page;
  memset(region + offset + count, 0, padding);
  pieces_.push_back({region, offset, count, hash});
  try {
    for (int stage = 0; stage < stages; stage++)
      if (!threads_[stage].joinable()) threads_[stage] = std::thread([this, stage] { run(static_cast<Stage>(stage)); });
  } catch (const std::exception &) {
    pieces_.pop_back();  // nobody has seen it: the lock is held
    release_(region, region_size_);
    return status_ = failed(RK_NO_MEMORY, "start a thread for a spool file: the system has no room for one");
  }
  changed_.notify_all();
  return ok();
}

rk_status SpoolFile::finish(uint64_t count) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return pieces_.empty(); });
    if (status_.code != RK_OK) return status_;
  }
  // Around the page cache only whole pages can be written.
  if (written_ != count && ftruncate(file_, static_cast<off_t>(count)) != 0)
    return failed_call(RK_DISK, "cut a spool file");
  return ok();
}

rk_status SpoolFile::flush() {
  return fdatasync(file_) == 0 ? ok() : failed_call(RK_DISK, "flush a spool file");
}

void SpoolFile::close() noexcept {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ends_ = true;
    changed_.notify_all();
  }
  for (std::thread &thread : threads_)
    if (thread.joinable()) thread.join();
  // Everything was flushed or is thrown away: what close says does not matter.
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

void SpoolFile::run(Stage stage) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this, stage] { return done_[stage] < pieces_.size() || ends_; });
    if (done_[stage] == pieces_.size()) return;
    const Piece piece = pieces_[done_[stage]];
    const bool is_failed = status_.code != RK_OK;
    lock.unlock();
    rk_status status = ok();
    if (is_failed) {
      // Only the regions are to be given back.
    } else if (stage == writing) {
      status = write_piece(piece);
    } else if (piece.hash != nullptr && EVP_DigestUpdate(piece.hash, piece.region + piece.offset, piece.count) != 1) {
      status = failed(RK_FAILED, "update SHA-256");
    }
    lock.lock();
    if (status.code != RK_OK && status_.code == RK_OK) status_ = status;
    done_[stage]++;
    release_done();
    changed_.notify_all();
  }
}

void SpoolFile::release_done() {
  while (!pieces_.empty() && done_[hashing] > 0 && done_[writing] > 0) {
    release_(pieces_.front().region, region_size_);
    pieces_.pop_front();
    done_[hashing]--;
    done_[writing]--;
  }
}

rk_status SpoolFile::write_piece(Piece piece) {
  const uint8_t *bytes = piece.region + piece.offset;
  size_t count = is_direct_ ? (piece.count + page - 1) / page * page : piece.count;
  const uint64_t start = written_;
  while (count > 0) {
    const ssize_t n = pwrite(file_, bytes, count, static_cast<off_t>(written_));
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EINVAL && is_direct_) {  // some file systems take the flag and then refuse
        fcntl(file_, F_SETFL, fcntl(file_, F_GETFL) & ~O_DIRECT);
        is_direct_ = false;
        continue;
      }
      return failed_call(RK_DISK, "write a spool file");
    }
    if (n == 0) {
      errno = ENOSPC;
      return failed_call(RK_DISK, "write a spool file");
    }
    bytes += n;
    count -= static_cast<size_t>(n);
    written_ += static_cast<uint64_t>(n);
  }
  // Through the page cache the disk starts now instead of at the flush.
  if (!is_direct_)
    sync_file_range(file_, static_cast<off64_t>(start), static_cast<off64_t>(written_ - start), SYNC_FILE_RANGE_WRITE);
  return ok();
}

}  // namespace rk
