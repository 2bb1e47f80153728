import Foundation

/// One end of the socket pair between pool and worker: whole messages, blocking, with a deadline at the pool's end.
struct WorkerSocket {
  enum Failure: Error { case closed, deadline, malformed }

  let descriptor: Int32
  /// Asked between waits; returns the time left in milliseconds, negative to give up. The worker waits without end.
  var remaining: () -> Int32 = { Int32.max }

  func send(header: some Encodable, payload: [UInt8] = []) throws {
    let json = try [UInt8](JSONEncoder().encode(header))
    // Header and prefix in one piece; large payloads are not copied.
    try write(WorkerMessage.prefix(header: json.count, payload: payload.count) + json)
    if !payload.isEmpty { try write(payload) }
  }

  func receive<Header: Decodable>(_: Header.Type, payloadLimit: Int) throws -> (header: Header, payload: [UInt8]) {
    guard
      let lengths = WorkerMessage.lengths(
        try read(WorkerMessage.prefixLength), payloadLimit: payloadLimit)
    else { throw Failure.malformed }
    let json = try read(lengths.header)
    let payload = try read(lengths.payload)
    guard let header = try? JSONDecoder().decode(Header.self, from: Data(json)) else { throw Failure.malformed }
    return (header, payload)
  }

  private func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        try wait(for: Int16(POLLOUT))
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let count = Glibc.send(descriptor, buffer.baseAddress! + done, buffer.count - done, flags)
        if count >= 0 {
          done += count
        } else if errno != EINTR && errno != EAGAIN {
          throw Failure.closed
        }
      }
    }
  }

  private func read(_ count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        try wait(for: Int16(POLLIN))
        let got = recv(descriptor, buffer.baseAddress! + done, count - done, Int32(MSG_DONTWAIT))
        if got > 0 {
          done += got
        } else if got == 0 || (errno != EINTR && errno != EAGAIN) {
          throw Failure.closed
        }
      }
    }
  }

  private func wait(for events: Int16) throws {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    while true {
      let left = remaining()
      if left < 0 { throw Failure.deadline }
      // Short turns, so that a cancelled request is noticed.
      let ready = poll(&entry, 1, min(left, 100))
      if ready > 0 { return }
      if ready < 0 && errno != EINTR { throw Failure.closed }
    }
  }
}
