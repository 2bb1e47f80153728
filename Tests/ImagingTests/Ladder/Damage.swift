/// Ways in which a codestream is hurt: by a bad disk, a bad link, or a bad person.
enum Damage {
  /// - Parameter donors: other codestreams, from which pieces may come.
  static func apply(to original: [UInt8], donors: [[UInt8]] = [], _ dice: inout Dice) -> [UInt8] {
    guard original.count > 4 else { return original }
    var bytes = original
    switch Int.random(in: 0..<9, using: &dice) {
    case 0:  // the main header, where sizes are
      for _ in 0..<Int.random(in: 1...3, using: &dice) {
        bytes[Int.random(in: 2..<min(120, bytes.count), using: &dice)] = UInt8.random(in: 0...255, using: &dice)
      }
    case 1:  // single bits anywhere
      for _ in 0..<Int.random(in: 1...8, using: &dice) {
        bytes[Int.random(in: 0..<bytes.count, using: &dice)] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
      }
    case 2: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &dice))
    case 3:  // a piece of zeros or ones
      let start = Int.random(in: 0..<bytes.count, using: &dice)
      let value: UInt8 = Bool.random(using: &dice) ? 0 : 0xFF
      for index in start..<min(bytes.count, start + Int.random(in: 1...64, using: &dice)) { bytes[index] = value }
    case 4:  // a piece taken out
      let start = Int.random(in: 0..<bytes.count, using: &dice)
      bytes.removeSubrange(start..<min(bytes.count, start + Int.random(in: 1...200, using: &dice)))
    case 5:  // a piece doubled
      let start = Int.random(in: 0..<bytes.count - 1, using: &dice)
      let end = min(bytes.count, start + Int.random(in: 1...200, using: &dice))
      bytes.insert(contentsOf: bytes[start..<end], at: end)
    case 6: changeLength(in: &bytes, &dice)
    case 7:  // the lengths of tile-parts (Psot) and their numbers
      let starts = bytes.indices.dropLast(12).filter { bytes[$0] == 0xFF && bytes[$0 + 1] == 0x90 }
      guard let start = starts.randomElement(using: &dice) else { return changedLength(bytes, &dice) }
      bytes[start + Int.random(in: 2..<12, using: &dice)] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &dice)!
    default:  // the beginning of this one, and the end of another
      guard let donor = donors.randomElement(using: &dice), donor.count > 4 else { return changedLength(bytes, &dice) }
      bytes =
        bytes.prefix(Int.random(in: 1..<bytes.count, using: &dice))
        + donor.suffix(Int.random(in: 1..<donor.count, using: &dice))
    }
    return bytes
  }

  /// The length field behind a marker (JPEG, JPEG-LS and JPEG 2000 share the form FF xx length).
  private static func changeLength(in bytes: inout [UInt8], _ dice: inout Dice) {
    let markers = bytes.indices.dropLast(4).filter { bytes[$0] == 0xFF && bytes[$0 + 1] > 0x4E && bytes[$0 + 1] < 0xFF }
    guard let marker = markers.randomElement(using: &dice) else { return }
    switch Int.random(in: 0..<3, using: &dice) {
    case 0: bytes[marker + 1] = UInt8.random(in: 0x4F...0xFE, using: &dice)
    case 1: bytes[marker + 2] = UInt8.random(in: 0...255, using: &dice)
    default: bytes[marker + 3] = UInt8.random(in: 0...255, using: &dice)
    }
  }

  private static func changedLength(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    var bytes = bytes
    changeLength(in: &bytes, &dice)
    return bytes
  }
}
