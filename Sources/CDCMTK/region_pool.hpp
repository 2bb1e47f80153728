#pragma once

#include <stddef.h>
#include <stdint.h>

#include <mutex>
#include <vector>

namespace rk {

/// Memory for arriving objects, kept for the next ones: mapping and touching 1 MiB afresh costs as much as hashing 100 KB.
///
/// Regions of 0.5 to 1 MiB share huge pages: writing 512 KB from there to the disk takes half of the processor time
/// (0.02 instead of 0.04 ms, measured), because the kernel has one page to hold on to instead of 128.
class RegionPool {
public:
  static RegionPool &shared();

  /// `size` bytes (a multiple of 4096), or nullptr when memory is short. What they hold is not defined.
  uint8_t *take(size_t size);
  void give(uint8_t *region, size_t size) noexcept;

private:
  struct Chunk {
    uint8_t *address;
    /// Of the whole chunk.
    size_t size;
    size_t region_size;
    size_t regions;
    /// A bit for each region that is given out.
    uint32_t used;
  };

  uint8_t *take_from(Chunk &chunk);
  void remove(size_t at) noexcept;

  static constexpr size_t huge_page = 2 << 20;
  /// Chunks that may be kept without being used: what a busy server holds anyhow, and few enough (16 MiB) not to count
  /// when it is idle.
  static constexpr size_t idle_limit = 8;

  std::mutex mutex_;
  std::vector<Chunk> chunks_;
  size_t idle_ = 0;
};

}  // namespace rk
