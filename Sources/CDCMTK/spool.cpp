// The bytes of one arriving object.

#include "spool.hpp"

#include "spool_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <vector>

namespace {

/// Regions waiting for their next object. Mapping and touching 1 MiB afresh costs as much as hashing 100 KB, so a few stay;
/// they are what a busy server holds anyhow, and few enough (16 MiB at most) not to count when it is idle.
class RegionPool {
public:
  void *take(size_t size) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      for (size_t i = free_.size(); i-- > 0;) {
        if (free_[i].size != size) continue;
        void *region = free_[i].address;
        free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i));
        held_ -= size;
        return region;
      }
    }
    void *region = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return region == MAP_FAILED ? nullptr : region;
  }

  void give(void *region, size_t size) noexcept {
    try {
      std::lock_guard<std::mutex> lock(mutex_);
      if (held_ + size <= capacity) {
        free_.push_back({region, size});
        held_ += size;
        return;
      }
    } catch (...) {  // no room for the entry: the region goes back to the system
    }
    munmap(region, size);
  }

private:
  static constexpr size_t capacity = 16 << 20;
  struct Region {
    void *address;
    size_t size;
  };
  std::mutex mutex_;
  std::vector<Region> free_;
  size_t held_ = 0;
};

RegionPool &pool() {
  static RegionPool *pool = new RegionPool;  // never destroyed: spools may outlive static destructors
  return *pool;
}

/// Looked up once: OpenSSL 3 searches its providers at every EVP_sha256().
const EVP_MD *sha256() {
  static const EVP_MD *digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest;
}

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

rk_spool::rk_spool(std::string directory, size_t memory_limit)
    : directory_(std::move(directory)), limit_((memory_limit + page - 1) / page * page) {
  if (limit_ < page) limit_ = page;
}

rk_spool::~rk_spool() {
  if (mapping_ != nullptr) munmap(mapping_, count);
  if (file_) file_->close();
  if (!path_.empty()) unlink(path_.c_str());
  if (region_ != nullptr) pool().give(region_, limit_ + page);
  EVP_MD_CTX_free(hash_);
}

rk_status rk_spool::open() {
  region_ = static_cast<uint8_t *>(pool().take(limit_ + page));
  if (region_ == nullptr) return rk::failed_call(RK_NO_MEMORY, "map memory for an object");
  hash_ = EVP_MD_CTX_new();
  if (hash_ == nullptr || sha256() == nullptr || EVP_DigestInit_ex2(hash_, sha256(), nullptr) != 1)
    return rk::failed(RK_FAILED, "start SHA-256: OpenSSL refused");
  return rk::ok();
}

rk_status rk_spool::reserve(uint8_t **target, size_t *room) {
  if (finished_) return rk::failed(RK_BAD_ARGUMENT, "append to a finished spool");
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
  // Once there is a file, its thread hashes what it writes: a large object then takes two processors, not one.
  if (!spilled_ && EVP_DigestUpdate(hash_, region_ + page + used_, length) != 1)
    return rk::failed(RK_FAILED, "update SHA-256");
  used_ += length;
  count += length;
  return rk::ok();
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
  EVP_MD_CTX *hash = spilled_ ? hash_ : nullptr;
  if (!file_) {
    file_ = std::make_unique<rk::SpoolFile>(
        [](uint8_t *region, size_t size) { pool().give(region, size); }, limit_ + page);
    const rk_status status = file_->open(directory_);
    if (status.code != RK_OK) return status;
    path_ = file_->path();
    spilled_ = true;
  }
  // What is given is hashed and written from the same memory: go on in other memory.
  void *next = pool().take(limit_ + page);
  if (next == nullptr) return rk::failed_call(RK_NO_MEMORY, "map memory for an object");
  const rk_status status = file_->write(region_, page, used_, hash);
  region_ = static_cast<uint8_t *>(next);
  used_ = 0;
  return status;
}

rk_status rk_spool::finish(uint8_t digest[32]) {
  if (!finished_) {
    if (spilled_) {
      rk_status status = used_ > 0 ? spill() : rk::ok();
      if (status.code != RK_OK) return status;
      status = file_->finish(count);
      if (status.code != RK_OK) return status;
    }
    unsigned size = sizeof digest_;
    if (EVP_DigestFinal_ex(hash_, digest_, &size) != 1) return rk::failed(RK_FAILED, "finish SHA-256");
    finished_ = true;
    if (spilled_) {  // the buffer is not needed for reading the file
      pool().give(region_, limit_ + page);
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

rk_status rk_spool::take(char *path, size_t capacity) {
  if (!finished_ || !spilled_ || !file_) return rk::failed(RK_BAD_ARGUMENT, "take the file of a spool without one");
  if (path_.size() >= capacity) return rk::failed(RK_BAD_ARGUMENT, "take a spool file: the path is too long");
  const rk_status status = file_->flush();
  if (status.code != RK_OK) return status;
  file_->close();
  file_ = nullptr;
  memcpy(path, path_.c_str(), path_.size() + 1);
  path_.clear();
  return rk::ok();
}

rk_status rk_spool_open(const char *directory, size_t memory_limit, rk_spool **out) {
  return rk::guarded("open a spool", [&] {
    *out = nullptr;
    auto spool = new rk_spool(directory, memory_limit);
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

rk_status rk_spool_take(rk_spool *spool, char *path, size_t capacity) {
  return rk::guarded("take a spool file", [&] { return spool->take(path, capacity); });
}

uint64_t rk_spool_count(const rk_spool *spool) { return spool->count; }
bool rk_spool_in_memory(const rk_spool *spool) { return spool->in_memory(); }
const char *rk_spool_path(const rk_spool *spool) { return spool->path(); }
void *rk_spool_head_room(rk_spool *spool, size_t *count) { return spool->head_room(count); }
void rk_spool_free(rk_spool *spool) { delete spool; }
