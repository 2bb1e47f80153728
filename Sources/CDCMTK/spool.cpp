// The bytes of one arriving object.

#include "spool.hpp"

#include "region_pool.hpp"
#include "spool_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>

using rk::RegionPool;

namespace {

/// Spools whose bytes are arriving.
std::atomic<int> arriving{0};

rk_status write_all(int descriptor, const uint8_t *bytes, size_t count, const char *tried) {
  while (count > 0) {
    const ssize_t n = write(descriptor, bytes, count);
    if (n < 0) {
      if (errno == EINTR) continue;
      return rk::failed_call(RK_DISK, tried);
    }
    bytes += n;
    count -= static_cast<size_t>(n);
  }
  return rk::ok();
}

}  // namespace

rk_spool::rk_spool(std::string directory, size_t memory_limit, bool flushes)
    : directory_(std::move(directory)), limit_((memory_limit + page - 1) / page * page), flushes_(flushes) {
  if (limit_ < page) limit_ = page;
}

rk_spool::~rk_spool() {
  note_arrived();
  if (mapping_ != nullptr) munmap(mapping_, count);
  if (file_) file_->close();
  if (!path_.empty()) unlink(path_.c_str());
  if (region_ != nullptr) RegionPool::shared().give(region_, limit_ + page);
}

rk_status rk_spool::open() {
  region_ = RegionPool::shared().take(limit_ + page);
  if (region_ == nullptr) return rk::failed_call(RK_NO_MEMORY, "map memory for an object");
  return hash_.open();
}

void rk_spool::note_arrived() {
  if (arrives_) arriving--;
  arrives_ = false;
}

rk_status rk_spool::reserve(uint8_t **target, size_t *room) {
  if (finished_) return rk::failed(RK_BAD_ARGUMENT, "append to a finished spool");
  if (!arrives_) arriving++;
  arrives_ = true;
  if (used_ == limit_) {
    const rk_status status = spill();
    if (status.code != RK_OK) return status;
  }
  *target = region_ + page + used_;
  *room = limit_ - used_;
  return rk::ok();
}

rk_status rk_spool::commit(size_t length) {
  if (length > limit_ - used_) return rk::failed(RK_BAD_ARGUMENT, "commit more than was reserved");
  used_ += length;
  count += length;
  // Once there is a file, its thread hashes what it writes: a large object then takes two processors, not one.
  return spilled_ || arriving > 1 ? rk::ok() : hash_rest();
}

rk_status rk_spool::hash_rest() {
  const rk_status status = hash_.update(region_ + page + hashed_, used_ - hashed_);
  hashed_ = used_;
  return status;
}

rk_status rk_spool::append(const uint8_t *bytes, size_t length) {
  while (length > 0) {
    uint8_t *target = nullptr;
    size_t room = 0;
    rk_status status = reserve(&target, &room);
    if (status.code != RK_OK) return status;
    const size_t n = length < room ? length : room;
    memcpy(target, bytes, n);
    status = commit(n);
    if (status.code != RK_OK) return status;
    bytes += n;
    length -= n;
  }
  return rk::ok();
}

rk_status rk_spool::spill() {
  if (!file_) {
    auto file = std::make_unique<rk::SpoolFile>(hash_, limit_ + page);
    const rk_status status = file->open(directory_);
    if (status.code != RK_OK) return status;
    file_ = std::move(file);
    path_ = file_->path();
    spilled_ = true;
  }
  // What is given is hashed and written from the same memory: go on in other memory.
  uint8_t *const next = RegionPool::shared().take(limit_ + page);
  if (next == nullptr) return rk::failed_call(RK_NO_MEMORY, "map memory for an object");
  const rk_status status = file_->write(region_, page, used_, hashed_);
  region_ = next;
  used_ = hashed_ = 0;
  return status;
}

rk_status rk_spool::finish(uint8_t digest[32]) {
  if (!finished_) {
    note_arrived();
    rk_status status = rk::ok();
    if (!spilled_) status = hash_rest();
    else if (used_ > 0) status = spill();
    if (status.code == RK_OK && spilled_) status = file_->finish(count, flushes_);
    if (status.code == RK_OK) status = hash_.finish(digest_);
    if (status.code != RK_OK) return status;
    finished_ = true;
    if (spilled_) {  // the buffer is not needed for reading the file
      RegionPool::shared().give(region_, limit_ + page);
      region_ = nullptr;
    }
  }
  memcpy(digest, digest_, sizeof digest_);
  return rk::ok();
}

rk_status rk_spool::bytes(const void **bytes, size_t *length) {
  if (!finished_) return rk::failed(RK_BAD_ARGUMENT, "read an unfinished spool");
  *length = count;
  if (!spilled_) {
    *bytes = region_ + page;
    return rk::ok();
  }
  if (mapping_ == nullptr) {
    if (!file_) return rk::failed(RK_BAD_ARGUMENT, "map a spool whose file was taken");
    void *mapping = mmap(nullptr, count, PROT_READ, MAP_SHARED, file_->descriptor(), 0);
    if (mapping == MAP_FAILED) return rk::failed_call(RK_DISK, "map a spool file");
    // A parser looks at a few places; reading ahead would fetch megabytes that nobody looks at.
    madvise(mapping, count, MADV_RANDOM);
    mapping_ = mapping;
  }
  *bytes = mapping_;
  return rk::ok();
}

void *rk_spool::head_room(size_t *length) {
  if (!finished_ || spilled_) return nullptr;
  const size_t padded = (used_ + page - 1) / page * page;
  memset(region_ + page + used_, 0, padded - used_);
  *length = page + padded;
  return region_;
}

rk_status rk_spool::write_to(int descriptor) {
  const void *all = nullptr;
  size_t length = 0;
  const rk_status status = bytes(&all, &length);
  if (status.code != RK_OK) return status;
  return write_all(descriptor, static_cast<const uint8_t *>(all), length, "write a spool out");
}

rk_status rk_spool::take(char *path, size_t capacity, bool flushed) {
  if (!finished_ || !spilled_ || !file_) return rk::failed(RK_BAD_ARGUMENT, "take the file of a spool without one");
  if (path_.size() >= capacity) return rk::failed(RK_BAD_ARGUMENT, "take a spool file: the path is too long");
  const rk_status status = flushed ? file_->flush() : rk::ok();
  if (status.code != RK_OK) return status;
  file_->close();
  file_ = nullptr;
  memcpy(path, path_.c_str(), path_.size() + 1);
  path_.clear();
  return rk::ok();
}

rk_status rk_spool_open(const char *directory, size_t memory_limit, bool flushes, rk_spool **out) {
  return rk::guarded("open a spool", [&] {
    *out = nullptr;
    auto spool = new rk_spool(directory, memory_limit, flushes);
    const rk_status status = spool->open();
    if (status.code == RK_OK) *out = spool;
    else delete spool;
    return status;
  });
}

rk_status rk_spool_append(rk_spool *spool, const void *bytes, size_t count) {
  return rk::guarded("append to a spool", [&] { return spool->append(static_cast<const uint8_t *>(bytes), count); });
}

rk_status rk_spool_finish(rk_spool *spool, uint8_t digest[32]) {
  return rk::guarded("finish a spool", [&] { return spool->finish(digest); });
}

rk_status rk_spool_bytes(rk_spool *spool, const void **bytes, size_t *count) {
  return rk::guarded("read a spool", [&] { return spool->bytes(bytes, count); });
}

rk_status rk_spool_write(rk_spool *spool, int descriptor) {
  return rk::guarded("write a spool out", [&] { return spool->write_to(descriptor); });
}

rk_status rk_spool_take(rk_spool *spool, bool flushed, char *path, size_t capacity) {
  return rk::guarded("take a spool file", [&] { return spool->take(path, capacity, flushed); });
}

uint64_t rk_spool_count(const rk_spool *spool) { return spool->count; }
bool rk_spool_in_memory(const rk_spool *spool) { return spool->in_memory(); }
const char *rk_spool_path(const rk_spool *spool) { return spool->path(); }
void *rk_spool_head_room(rk_spool *spool, size_t *count) { return spool->head_room(count); }
void rk_spool_free(rk_spool *spool) { delete spool; }
