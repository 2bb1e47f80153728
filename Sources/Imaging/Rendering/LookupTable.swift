/// A lookup table of DICOM: Modality LUT, VOI LUT or one colour of a palette (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5).
struct LookupTable: Equatable {
  /// The input that the first entry belongs to.
  var firstMapped: Int
  /// Bits of an entry, 8…16.
  var bits: Int
  /// Never empty.
  var entries: [UInt16]

  /// - Parameters:
  ///   - descriptor: the three values of LUT Descriptor; the first is unsigned, and 0 means 65,536.
  ///   - words: LUT Data as 16-bit words, host byte order.
  init?(descriptor: [Int], words: [UInt16], inputIsSigned: Bool) {
    guard descriptor.count >= 3 else { return nil }
    var count = descriptor[0] & 0xffff
    if count == 0 { count = 65_536 }
    bits = descriptor[2]
    // Writers exist that give 8 for the words of a table of 16 bits and the reverse; what fits nothing is no table.
    guard (1...16).contains(bits), !words.isEmpty else { return nil }
    let raw = descriptor[1]
    firstMapped = inputIsSigned ? Int(Int16(truncatingIfNeeded: raw)) : raw & 0xffff
    if words.count >= count {
      entries = Array(words.prefix(count))
    } else if bits <= 8, words.count * 2 >= count {
      // 8-bit entries, two to a word, the first in the low byte.
      entries = words.flatMap { [$0 & 0xff, $0 >> 8] }
      entries.removeLast(entries.count - count)
    } else {
      // Shorter than promised: what is there, the last value held.
      entries = words
    }
    let greatest = Int(entries.max() ?? 0)
    if greatest >> bits > 0 { bits = greatest > 0xff ? 16 : 8 }
  }

  /// The entry for an input; inputs outside take the first or the last one.
  subscript(input: Int) -> UInt16 {
    entries[min(max(input - firstMapped, 0), entries.count - 1)]
  }

  /// The greatest value an entry can have.
  var greatest: Double { Double((1 << bits) - 1) }
}
