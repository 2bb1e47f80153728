// A TCP connection with deadlines, and the bell that ends waiting.

#include "channel.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rk {

rk_status wait_readable(int descriptor, const rk_wake *wake, Clock::time_point deadline, const char *tried) {
  pollfd watched[2] = {{descriptor, POLLIN, 0}, {wake != nullptr ? wake->descriptor : -1, POLLIN, 0}};
  while (true) {
    const int found = poll(watched, 2, milliseconds_until(deadline));
    if (found < 0) {
      if (errno == EINTR) continue;
      return failed_call(RK_FAILED, tried);
    }
    if (found == 0) return failed(RK_TIMED_OUT, "%s: nothing came in time", tried);
    if (watched[1].revents != 0) return failed(RK_INTERRUPTED, "%s: we are closing", tried);
    return ok();
  }
}

Channel::Channel(int descriptor)
    : descriptor_(descriptor), ahead_(new uint8_t[ahead_capacity]), window_start_(Clock::now()) {
  const int one = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}

Channel::~Channel() { close(); }

void Channel::set_pace(int32_t progress_ms) {
  progress_ = std::chrono::milliseconds(progress_ms);
  const timeval limit = {progress_ms / 1000, (progress_ms % 1000) * 1000};
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

rk_status Channel::ended(const char *what) const {
  if (interrupted_.load()) return failed(RK_INTERRUPTED, "%s: we are closing", what);
  return failed(RK_CLOSED, "%s: the peer closed the connection", what);
}

rk_status Channel::wait(const rk_wake *wake, Clock::time_point deadline) {
  if (has_read_ahead()) return ok();
  const rk_status status = wait_readable(descriptor_, wake, deadline, "wait for the peer");
  window_start_ = Clock::now();
  window_bytes_ = 0;
  return status;
}

rk_status Channel::receive(uint8_t *target, size_t count, int flags, size_t *got) {
  position_ = end_ = 0;
  if (capacity_ != ahead_capacity) {  // an association request lay here
    ahead_.reset(new uint8_t[ahead_capacity]);
    capacity_ = ahead_capacity;
  }
  iovec parts[2] = {{target, count}, {ahead_.get(), capacity_}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  ssize_t n;
  do {
    n = recvmsg(descriptor_, &message, flags);
  } while (n < 0 && errno == EINTR);
  const int error = errno;
  if (n <= 0) {
    *got = 0;
    if (n == 0 || error == ECONNRESET || error == EPIPE) return ended("read");
    if (error == EAGAIN || error == EWOULDBLOCK) return failed(RK_TIMED_OUT, "read: nothing came in time");
    return failed_call(RK_CLOSED, "read", error);
  }
  // The kernel falls back to delayed acknowledgements by itself, and a sender that writes a PDU in two pieces waits
  // 40 ms for them (DESIGN §4): ask for quick ones after every read.
  const int one = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
  const size_t received = static_cast<size_t>(n);
  *got = received < count ? received : count;
  end_ = received - *got;
  window_bytes_ += received;
  return ok();
}

rk_status Channel::read_some(uint8_t *target, size_t count, size_t *got) {
  if (has_read_ahead()) {
    const size_t there = end_ - position_;
    *got = there < count ? there : count;
    memcpy(target, ahead_.get() + position_, *got);
    position_ += *got;
    return ok();
  }
  const rk_status status = receive(target, count, 0, got);
  if (status.code != RK_OK) return status;
  if (window_bytes_ >= least_progress) {
    window_bytes_ = 0;
    window_start_ = Clock::now();
  } else if (Clock::now() - window_start_ > progress_) {
    return failed(RK_TIMED_OUT, "read: the peer sends too slowly");
  }
  return ok();
}

rk_status Channel::read_exactly(uint8_t *target, size_t count) {
  while (count > 0) {
    size_t got = 0;
    const rk_status status = read_some(target, count, &got);
    if (status.code != RK_OK) return status;
    target += got;
    count -= got;
  }
  return ok();
}

rk_status Channel::read_exactly_by(uint8_t *target, size_t count, Clock::time_point deadline, const rk_wake *wake) {
  while (count > 0) {
    size_t got = 0;
    rk_status status;
    if (has_read_ahead()) {
      status = read_some(target, count, &got);
    } else {
      status = wait_readable(descriptor_, wake, deadline, "wait for the association request");
      if (status.code != RK_OK) return status;
      status = receive(target, count, MSG_DONTWAIT, &got);
      if (status.code == RK_TIMED_OUT) continue;  // a spurious wake-up; the deadline decides
    }
    if (status.code != RK_OK) return status;
    target += got;
    count -= got;
  }
  return ok();
}

void Channel::unread(const uint8_t *bytes, size_t count) {
  const size_t there = end_ - position_;
  const size_t capacity = count + there > ahead_capacity ? count + there : ahead_capacity;
  std::unique_ptr<uint8_t[]> whole(new uint8_t[capacity]);
  memcpy(whole.get(), bytes, count);
  memcpy(whole.get() + count, ahead_.get() + position_, there);
  ahead_.swap(whole);
  capacity_ = capacity;
  position_ = 0;
  end_ = count + there;
}

rk_status Channel::write_all(const uint8_t *bytes, size_t count) {
  while (count > 0) {
    const ssize_t n = send(descriptor_, bytes, count, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return failed(RK_TIMED_OUT, "write: the peer does not read");
      if (interrupted_.load() || errno == EPIPE || errno == ECONNRESET) return ended("write");
      return failed_call(RK_CLOSED, "write");
    }
    bytes += n;
    count -= static_cast<size_t>(n);
  }
  return ok();
}

void Channel::interrupt() {
  std::lock_guard<std::mutex> lock(closing_);
  interrupted_.store(true);
  if (descriptor_ >= 0) shutdown(descriptor_, SHUT_RDWR);
}

void Channel::drain_and_close(int32_t limit_ms, bool finish_writing) {
  if (descriptor_ < 0) return;
  if (finish_writing) shutdown(descriptor_, SHUT_WR);
  const auto deadline = Clock::now() + std::chrono::milliseconds(limit_ms);
  uint8_t dropped[4096];
  while (wait_readable(descriptor_, nullptr, deadline, "drain").code == RK_OK) {
    const ssize_t n = recv(descriptor_, dropped, sizeof dropped, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) break;
    if (Clock::now() >= deadline) break;  // a peer that never stops sending
  }
  close();
}

void Channel::close() {
  std::lock_guard<std::mutex> lock(closing_);
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace rk

rk_status rk_wake_open(rk_wake **out) {
  return rk::guarded("open a bell", [&] {
    *out = nullptr;
    const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return rk::failed_call(RK_FAILED, "eventfd");
    *out = new rk_wake{descriptor};
    return rk::ok();
  });
}

void rk_wake_signal(rk_wake *wake) {
  const uint64_t one = 1;
  while (write(wake->descriptor, &one, sizeof one) < 0 && errno == EINTR) {}
}

void rk_wake_free(rk_wake *wake) {
  if (wake == nullptr) return;
  close(wake->descriptor);
  delete wake;
}
