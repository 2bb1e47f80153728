import CDCMTK
import Glibc

/// A deflated stream that is fed and emptied piece by piece.
struct Inflater: ~Copyable {
  private let handle: OpaquePointer

  /// nil when there is no memory for it.
  init?() {
    guard let handle = rk_inflater_open() else { return nil }
    self.handle = handle
  }

  deinit { rk_inflater_close(handle) }

  enum State { case wantsMore, ended, damaged }

  /// Inflates until the input is used up or the output is full.
  func run(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> (
    consumed: Int, produced: Int, state: State
  ) {
    var source = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var target = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var sourceLeft = input.count
    var targetLeft = output.count
    let result = rk_inflater_run(handle, &source, &sourceLeft, &target, &targetLeft)
    let state: State =
      switch result {
      case RK_INFLATE_END: .ended
      case RK_INFLATE_MORE: .wantsMore
      default: .damaged
      }
    return (input.count - sourceLeft, output.count - targetLeft, state)
  }
}

/// A whole deflated data set, inflated: in memory if it is small, in an unlinked file if not.
struct InflatedDataSet {
  private static let pieceSize = 256 << 10

  /// - Parameter input: from the first deflated byte to the end of the file.
  static func inflate(_ input: UnsafeRawBufferPointer, limits: ParseLimits) throws(ParseFailure) -> ObjectBytes {
    guard let inflater = Inflater() else { throw ParseFailure(.outOfSpace) }
    var sink = Sink(limits: limits)
    var offset = 0
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 16)
    defer { piece.deallocate() }
    while true {
      let step = inflater.run(UnsafeRawBufferPointer(rebasing: input[offset...]), into: piece)
      offset += step.consumed
      try sink.append(UnsafeRawBufferPointer(rebasing: piece[..<step.produced]))
      switch step.state {
      case .damaged: throw ParseFailure(.damagedDeflate)
      case .ended:
        guard isTail(UnsafeRawBufferPointer(rebasing: input[offset...]), inflatedCount: sink.count) else {
          throw ParseFailure(.trailingGarbage)
        }
        return try sink.finish()
      case .wantsMore:
        if offset == input.count, step.produced == 0 { throw ParseFailure(.truncated) }
      }
    }
  }

  /// What may follow the stream: a byte that makes the length even (PS3.5 §A.5), more zeros, or the end of a gzip file.
  ///
  /// Old writers let gzip deflate and cut off its header only. Its end is a check sum and the length (RFC 1952 §2.3).
  private static func isTail(_ tail: UnsafeRawBufferPointer, inflatedCount: Int) -> Bool {
    guard tail.count <= 1 << 20 else { return false }
    if tail.count == 8 || tail.count == 9 {
      let length = UInt32(littleEndian: tail.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
      if length == UInt32(truncatingIfNeeded: inflatedCount) { return true }
    }
    return tail.isAllZero
  }

  private struct Sink: ~Copyable {
    let limits: ParseLimits
    var memory: [UInt8] = []
    var descriptor: Int32 = -1
    var count = 0

    init(limits: ParseLimits) { self.limits = limits }

    deinit { if descriptor >= 0 { close(descriptor) } }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(ParseFailure) {
      count += bytes.count
      guard count <= limits.inflatedBytes else { throw ParseFailure(.inflatesTooLarge) }
      if descriptor < 0 {
        if count <= limits.inflatedBytesInMemory {
          memory.append(contentsOf: bytes)
          return
        }
        try spill()
      }
      try write(bytes)
    }

    private mutating func spill() throws(ParseFailure) {
      var template = Array("\(limits.temporaryDirectory)/rekkas-inflated-XXXXXX".utf8CString)
      descriptor = mkstemp(&template)
      guard descriptor >= 0 else { throw ParseFailure(.outOfSpace) }
      unlink(template)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      let held = ObjectBytes(memory)
      memory = []
      try held.reading { bytes throws(ParseFailure) in try write(bytes) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(ParseFailure) {
      var rest = bytes
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw ParseFailure(.outOfSpace) }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }

    consuming func finish() throws(ParseFailure) -> ObjectBytes {
      if descriptor < 0 { return ObjectBytes(memory) }
      do {
        return try ObjectBytes.mapped(descriptor: descriptor, path: limits.temporaryDirectory)
      } catch {
        throw ParseFailure(.outOfSpace)
      }
    }
  }
}
