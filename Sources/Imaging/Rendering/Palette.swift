/// The three lookup tables of a PALETTE COLOR image as one table of 8-bit RGB (PS3.3 C.7.9).
struct Palette: Equatable {
  /// The index that the first entry belongs to.
  let firstMapped: Int
  /// Red, green, blue of each entry.
  let rgb: [UInt8]

  /// Nil unless there are three tables.
  init?(red: LookupTable?, green: LookupTable?, blue: LookupTable?) {
    guard let red, let green, let blue else { return nil }
    firstMapped = red.firstMapped
    let tables = [red, green, blue]
    let count = tables.map(\.entries.count).max() ?? 0
    // Entries of 16 bits hold the colour in the high byte; tables exist whose 16-bit words hold 8-bit colours.
    let narrow = tables.allSatisfy { $0.bits <= 8 || $0.entries.allSatisfy { $0 <= 0xff } }
    var rgb = [UInt8](repeating: 0, count: count * 3)
    for (channel, table) in tables.enumerated() {
      let shift = narrow ? 0 : max(0, table.bits - 8)
      for i in 0..<count {
        rgb[3 * i + channel] = UInt8(truncatingIfNeeded: table.entries[min(i, table.entries.count - 1)] >> shift)
      }
    }
    self.rgb = rgb
  }

  /// Spells out Segmented Palette Color Lookup Table Data (PS3.3 C.7.9.2): discrete, linear and indirect segments.
  ///
  /// - Parameters:
  ///   - words: the segments as unsigned words (bytes widened, when entries have 8 bits).
  ///   - count: how many entries the descriptor promises; no more than these are made.
  ///   - isBytes: offsets of indirect segments are two words, least significant first, or four bytes.
  /// - Returns: nil when a segment is cut short or refers to what is not there.
  static func expand(segments words: [UInt16], count: Int, isBytes: Bool = false) -> [UInt16]? {
    var out: [UInt16] = []
    out.reserveCapacity(count)
    var at = 0

    /// Reads one segment at `position`; returns the position behind it.
    func segment(_ position: Int, nested: Bool) -> Int? {
      guard position + 1 < words.count else { return nil }
      let length = Int(words[position + 1])
      switch words[position] {
      case 0:
        guard position + 2 + length <= words.count else { return nil }
        out.append(contentsOf: words[(position + 2)..<(position + 2 + length)].prefix(max(0, count - out.count)))
        return position + 2 + length
      case 1:
        guard position + 2 < words.count, let from = out.last else { return nil }
        let step = (Double(words[position + 2]) - Double(from)) / Double(max(length, 1))
        for i in stride(from: 1, through: min(length, count - out.count), by: 1) {
          out.append(UInt16((Double(from) + Double(i) * step).rounded()))
        }
        return position + 3
      case 2 where !nested:
        let width = isBytes ? 4 : 2
        guard position + 2 + width <= words.count else { return nil }
        var target = 0
        for i in (0..<width).reversed() {
          target = target << (isBytes ? 8 : 16) | Int(words[position + 2 + i])
        }
        // `length` segments from the referred one on are copied; a referred segment must not refer again.
        for _ in 0..<length where out.count < count {
          guard let next = segment(target, nested: true) else { return nil }
          target = next
        }
        return position + 2 + width
      default: return nil
      }
    }

    while at < words.count, out.count < count {
      guard let next = segment(at, nested: false) else { return out.isEmpty ? nil : out }
      at = next
    }
    return out
  }
}
