#pragma once

#include "status.hpp"

#include <poll.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

/// See cdcmtk.h: an eventfd that is written once and never read.
struct rk_wake {
  int descriptor = -1;
};

namespace rk {

using Clock = std::chrono::steady_clock;

inline int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

/// poll() for reading on one or two descriptors, restarted after signals. `wake` may be null.
rk_status wait_readable(int descriptor, const rk_wake *wake, Clock::time_point deadline, const char *tried);

/// A TCP connection with deadlines and a little read-ahead, so that the head of a PDU costs no system call of its own.
///
/// One thread reads and writes; `interrupt` alone may come from others.
class Channel {
public:
  explicit Channel(int descriptor);
  ~Channel();
  Channel(const Channel &) = delete;
  Channel &operator=(const Channel &) = delete;

  int descriptor() const { return descriptor_; }
  bool has_read_ahead() const { return position_ < end_; }

  /// From now on a read or write that moves less than 1 KiB in this time fails with RK_TIMED_OUT.
  void set_pace(int32_t progress_ms);
  /// Waits for the first byte of something.
  rk_status wait(const rk_wake *wake, Clock::time_point deadline);
  /// One read: at least 1 and at most `count` bytes.
  rk_status read_some(uint8_t *target, size_t count, size_t *got);
  rk_status read_exactly(uint8_t *target, size_t count);
  /// The same, but the whole must be there by the deadline: for peers we know nothing of yet.
  rk_status read_exactly_by(uint8_t *target, size_t count, Clock::time_point deadline, const rk_wake *wake);
  /// Puts bytes back: the next reads give them again.
  void unread(const uint8_t *bytes, size_t count);
  rk_status write_all(const uint8_t *bytes, size_t count);

  void interrupt();
  /// Reads and drops what the peer still sends, until it closes or the time is over; then closes. Closing with unread bytes
  /// would send a reset, and the peer could lose our last words.
  void drain_and_close(int32_t limit_ms, bool finish_writing);
  void close();

private:
  rk_status receive(uint8_t *target, size_t count, int flags, size_t *got);
  rk_status ended(const char *what) const;

  static constexpr size_t ahead_capacity = 16 << 10;
  static constexpr size_t least_progress = 1024;

  std::mutex closing_;  // guards the number: interrupt() must not hit a descriptor that was closed and given out again
  int descriptor_;
  std::atomic<bool> interrupted_{false};
  std::unique_ptr<uint8_t[]> ahead_;  // not a vector: its pages stay untouched until something is read into them
  size_t capacity_ = ahead_capacity;
  size_t position_ = 0;
  size_t end_ = 0;
  std::chrono::milliseconds progress_{30000};
  Clock::time_point window_start_;
  size_t window_bytes_ = 0;
};

}  // namespace rk
