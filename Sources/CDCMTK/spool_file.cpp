// The file of an arriving object that outgrew its memory.

#include "spool_file.hpp"

#include "region_pool.hpp"

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

rk_status SpoolFile::write(uint8_t *region, size_t offset, size_t count, size_t hashed) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return pieces_.size() < pieces_limit; });
  if (status_.code != RK_OK) {
    RegionPool::shared().give(region, region_size_);
    return status_;
  }
  // Here, not on the writing thread: the hashing one reads the region at the same time.
  const size_t padding = (page - count % page) % page;
  memset(region + offset + count, 0, padding);
  pieces_.push_back({region, offset, count, hashed});
  try {
    for (int stage = 0; stage < stages; stage++)
      if (!threads_[stage].joinable()) threads_[stage] = std::thread([this, stage] { run(static_cast<Stage>(stage)); });
  } catch (const std::exception &) {
    pieces_.pop_back();  // nobody has seen it: the lock is held
    RegionPool::shared().give(region, region_size_);
    return status_ = failed(RK_NO_MEMORY, "start a thread for a spool file: the system has no room for one");
  }
  changed_.notify_all();
  return ok();
}

rk_status SpoolFile::finish(uint64_t count, bool flushes) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (status_.code != RK_OK) return status_;
  size_ = count;
  flushes_ = flushes;
  is_whole_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return pieces_.empty() && is_ended_; });
  return status_;
}

/// On the writing thread, while the other one hashes the last pieces.
rk_status SpoolFile::end_file() {
  // Around the page cache only whole pages can be written.
  if (written_ != size_ && ftruncate(file_, static_cast<off_t>(size_)) != 0)
    return failed_call(RK_DISK, "cut a spool file");
  prefetch(size_ > prefetched ? size_ - prefetched : 0);
  return flushes_ ? flush() : ok();
}

rk_status SpoolFile::flush() {
  if (is_flushed_) return ok();
  if (fdatasync(file_) != 0) return failed_call(RK_DISK, "flush a spool file");
  // A file without a name is lost: by the letter the folder has to be flushed, too. Most file systems have done it by now.
  const int folder = ::open(path_.substr(0, path_.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return failed_call(RK_DISK, "open the folder of spool files");
  const bool is_done = fsync(folder) == 0;
  const rk_status status = is_done ? ok() : failed_call(RK_DISK, "flush the folder of spool files");
  ::close(folder);
  is_flushed_ = is_done;
  return status;
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

/// Has the system fetch what a parser will look at, the begin and the end: a page at a time would cost it 0.1 ms each.
void SpoolFile::prefetch(uint64_t from) {
  if (is_direct_) posix_fadvise(file_, static_cast<off_t>(from), prefetched, POSIX_FADV_WILLNEED);
}

void SpoolFile::run(Stage stage) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this, stage] { return done_[stage] < pieces_.size() || ends_ || is_whole_; });
    const bool has_piece = done_[stage] < pieces_.size();
    const bool is_end = !has_piece && stage == writing && is_whole_ && !is_ended_;
    // At the end at once, so that nobody has to wait for the thread's own end.
    if (!has_piece && !is_end) return;
    const Piece piece = has_piece ? pieces_[done_[stage]] : Piece();
    const bool is_failed = status_.code != RK_OK;
    lock.unlock();
    rk_status status = ok();
    if (is_failed) {
      // Only the regions are to be given back.
    } else if (is_end) {
      status = end_file();
    } else if (stage == writing) {
      status = write_piece(piece);
    } else {
      status = hash_.update(piece.region + piece.offset + piece.hashed, piece.count - piece.hashed);
    }
    lock.lock();
    if (status.code != RK_OK && status_.code == RK_OK) status_ = status;
    if (is_end) {
      is_ended_ = true;
    } else {
      done_[stage]++;
      release_done();
    }
    changed_.notify_all();
  }
}

void SpoolFile::release_done() {
  while (!pieces_.empty() && done_[hashing] > 0 && done_[writing] > 0) {
    RegionPool::shared().give(pieces_.front().region, region_size_);
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
  if (start == 0) prefetch(0);
  // Through the page cache the disk starts now instead of at the flush.
  if (!is_direct_)
    sync_file_range(file_, static_cast<off64_t>(start), static_cast<off64_t>(written_ - start), SYNC_FILE_RANGE_WRITE);
  return ok();
}

}  // namespace rk
