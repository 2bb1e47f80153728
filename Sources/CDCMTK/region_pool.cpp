// Memory for arriving objects.

#include "region_pool.hpp"

#include <sys/mman.h>

namespace rk {

namespace {

/// `size` bytes at a multiple of `alignment`; both are multiples of the page size.
uint8_t *map_aligned(size_t size, size_t alignment) {
  const size_t whole = size + alignment;
  void *mapped = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto *const start = static_cast<uint8_t *>(mapped);
  const size_t before = (alignment - reinterpret_cast<uintptr_t>(start) % alignment) % alignment;
  if (before > 0) munmap(start, before);
  if (whole - before - size > 0) munmap(start + before + size, whole - before - size);
  return start + before;
}

}  // namespace

RegionPool &RegionPool::shared() {
  static RegionPool *pool = new RegionPool;  // never destroyed: spools may outlive static destructors
  return *pool;
}

uint8_t *RegionPool::take(size_t size) {
  std::lock_guard<std::mutex> lock(mutex_);
  // A chunk that is in use already before one that could be given back.
  Chunk *best = nullptr;
  for (Chunk &chunk : chunks_) {
    if (chunk.region_size != size || chunk.used == (1u << chunk.regions) - 1) continue;
    best = &chunk;
    if (chunk.used != 0) break;
  }
  if (best != nullptr) {
    if (best->used == 0) idle_--;
    return take_from(*best);
  }
  const bool is_shared = 2 * size <= huge_page && 4 * size >= huge_page;
  Chunk chunk = {nullptr, is_shared ? huge_page : size, size, is_shared ? huge_page / size : 1, 0};
  chunks_.reserve(chunks_.size() + 1);
  chunk.address = map_aligned(chunk.size, is_shared ? huge_page : 4096);
  if (chunk.address == nullptr) return nullptr;
  // Only advice: without huge pages it is slower, not wrong.
  if (is_shared) madvise(chunk.address, chunk.size, MADV_HUGEPAGE);
  chunks_.push_back(chunk);
  return take_from(chunks_.back());
}

uint8_t *RegionPool::take_from(Chunk &chunk) {
  size_t number = 0;
  while ((chunk.used & 1u << number) != 0) number++;
  chunk.used |= 1u << number;
  return chunk.address + number * chunk.region_size;
}

void RegionPool::give(uint8_t *region, size_t size) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  size_t at = 0;
  while (at < chunks_.size() && !(region >= chunks_[at].address && region < chunks_[at].address + chunks_[at].size)) at++;
  if (at == chunks_.size()) return;
  Chunk &chunk = chunks_[at];
  chunk.used &= ~(1u << static_cast<size_t>(region - chunk.address) / size);
  if (chunk.used != 0) return;
  if (chunk.size > huge_page) return remove(at);
  idle_++;
  if (idle_ <= idle_limit) return;
  // Another one goes, of a size that perhaps nobody asks for any more.
  for (size_t i = 0; i < chunks_.size(); i++) {
    if (i == at || chunks_[i].used != 0) continue;
    idle_--;
    return remove(i);
  }
}

void RegionPool::remove(size_t at) noexcept {
  munmap(chunks_[at].address, chunks_[at].size);
  chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace rk
