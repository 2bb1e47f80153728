/// A `Range` header of one byte range (RFC 9110 §14.2).
enum ByteRange: Equatable, Sendable {
  /// No range, one in another unit, several, or one that is not well formed: the whole is sent, as the RFC lets us.
  case whole
  /// These bytes, end exclusive, clipped to what is there.
  case part(Range<Int>)
  /// Well formed, but outside: 416.
  case unsatisfiable

  /// - Parameters:
  ///   - header: as received, such as `bytes=0-1023`, `bytes=100-`, `bytes=-500`.
  ///   - length: bytes of the whole representation.
  init(_ header: String?, length: Int) {
    self = .whole
    guard let header, header.lowercased().hasPrefix("bytes=") else { return }
    let spec = header.dropFirst(6).filter { $0 != " " }
    guard !spec.contains(","), let dash = spec.firstIndex(of: "-") else { return }
    let first = spec[..<dash]
    let last = spec[spec.index(after: dash)...]
    guard first.allSatisfy(\.isASCIIDigit), last.allSatisfy(\.isASCIIDigit) else { return }
    switch (Int(first), Int(last)) {
    case (nil, let suffix?) where first.isEmpty:
      self = suffix == 0 || length == 0 ? .unsatisfiable : .part(max(0, length - suffix)..<length)
    case (let start?, let end?):
      guard start <= end else { return }
      self = start >= length ? .unsatisfiable : .part(start..<min(end, Int.max - 1).advanced(by: 1).clamped(to: length))
    case (let start?, nil) where last.isEmpty:
      self = start >= length ? .unsatisfiable : .part(start..<length)
    default: return
    }
  }
}

extension Int {
  fileprivate func clamped(to maximum: Int) -> Int { Swift.min(self, maximum) }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { self >= "0" && self <= "9" }
}
