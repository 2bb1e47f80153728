/// Bytes in one of the three encodings of a data set.
struct EncodedElements {
  let isExplicit: Bool
  let isLittleEndian: Bool
  var bytes: [UInt8] = []

  mutating func integer<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: isLittleEndian ? value.littleEndian : value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// A nil length is undefined.
  mutating func header(_ tag: Tag, _ vr: VR, length: Int?) {
    integer(tag.group)
    integer(tag.element)
    let field = length.map { UInt32(clamping: $0) } ?? .max
    guard isExplicit else { return integer(field) }
    // A value too long for the 16 bits of its VR becomes UN (PS3.5 §6.2.2).
    let written = !vr.hasLongLength && field > 0xFFFE ? VR.un : vr
    bytes += [UInt8(written.rawValue >> 8), UInt8(truncatingIfNeeded: written.rawValue)]
    if written.hasLongLength {
      bytes += [0, 0]
      integer(field)
    } else {
      integer(UInt16(field))
    }
  }

  mutating func itemHeader(_ tag: Tag, length: Int) {
    integer(tag.group)
    integer(tag.element)
    integer(UInt32(clamping: length))
  }

  mutating func append(_ value: [UInt8], wordSize: Int) {
    guard !isLittleEndian, wordSize > 1 else {
      bytes += value
      return
    }
    var index = 0
    while index + wordSize <= value.count {
      bytes += value[index..<index + wordSize].reversed()
      index += wordSize
    }
    bytes += value[index...]
  }
}
