// Threads that hash at the same time, side by side.

#include "hash_desk.hpp"

#include <thread>

namespace rk {

HashDesk &HashDesk::shared() {
  static HashDesk *desk = new HashDesk;  // never destroyed: spools may outlive static destructors
  return *desk;
}

HashDesk::HashDesk() : leaders_limit_(std::thread::hardware_concurrency() > 3 ? std::thread::hardware_concurrency() / 2 : 1) {}

void HashDesk::hash(uint32_t *state, const uint8_t *blocks, size_t count) {
  if (count == 0) return;
  if (count < worth_sharing) {
    Sha256Lane lane = {state, blocks};
    return sha256_blocks(&lane, 1, count);
  }
  Job job = {{state, blocks}, count, false, {}};
  std::unique_lock<std::mutex> lock(mutex_);
  if (leaders_ < leaders_limit_) {
    leaders_++;
  } else {
    waiting_.push_back(&job);
    job.changed.wait(lock, [&job] { return job.left == 0 || job.leads; });
    if (job.left == 0) return;
  }
  lead(&job, lock);
}

void HashDesk::lead(Job *own, std::unique_lock<std::mutex> &lock) {
  Job *jobs[sha256_lanes_limit] = {own};
  size_t count = 1;
  while (own->left > 0) {
    while (count < sha256_lanes_limit && !waiting_.empty()) {
      jobs[count++] = waiting_.front();
      waiting_.pop_front();
    }
    size_t blocks = step;
    Sha256Lane lanes[sha256_lanes_limit];
    for (size_t i = 0; i < count; i++) {
      lanes[i] = jobs[i]->lane;
      if (jobs[i]->left < blocks) blocks = jobs[i]->left;
    }
    lock.unlock();
    sha256_blocks(lanes, count, blocks);
    lock.lock();
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
      jobs[i]->lane = lanes[i];
      jobs[i]->left -= blocks;
      if (jobs[i]->left > 0) jobs[kept++] = jobs[i];
      // Told under the lock: once it is free, its thread may be gone, and the job with it.
      else if (jobs[i] != own) jobs[i]->changed.notify_one();
    }
    count = kept;
  }
  while (count > 0) waiting_.push_front(jobs[--count]);
  if (waiting_.empty()) {
    leaders_--;
    return;
  }
  Job *const next = waiting_.front();
  waiting_.pop_front();
  next->leads = true;
  next->changed.notify_one();
}

}  // namespace rk
