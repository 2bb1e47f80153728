#pragma once

#include "sha256_lanes.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace rk {

/// Where threads bring what they want hashed: what several bring at the same time is calculated side by side by one of them,
/// and the others sleep meanwhile and leave their processor to those who receive.
///
/// No thread of its own. Whoever finds few enough calculating begins, and takes the others along as they come; when his own
/// is done, he leaves the rest to one of them. Half of the processors may calculate at a time: the other half receives.
class HashDesk {
public:
  static HashDesk &shared();

  /// Adds `count` whole blocks of 64 bytes to the SHA-256 in `state`. Returns when that is done.
  void hash(uint32_t *state, const uint8_t *blocks, size_t count);

private:
  HashDesk();

  struct Job {
    Sha256Lane lane;
    size_t left;
    bool leads = false;
    std::condition_variable changed;
  };

  void lead(Job *own, std::unique_lock<std::mutex> &lock);

  /// Blocks between two looks for somebody new: 32 KiB, 16 µs if alone.
  static constexpr size_t step = 512;
  /// Less than this (4 KiB, 2 µs) is done at once: waking somebody costs more.
  static constexpr size_t worth_sharing = 64;

  const size_t leaders_limit_;
  std::mutex mutex_;
  // Guarded by the mutex.
  size_t leaders_ = 0;
  std::deque<Job *> waiting_;
};

}  // namespace rk
