/// JSON as bytes, written from front to back.
///
/// Not an array: appending a byte to one costs several checks, and this is written for every object that arrives.
struct JSONText: ~Copyable {
  private var memory: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = max(capacity, 64)
    memory = .allocate(capacity: self.capacity)
  }

  deinit { memory.deallocate() }

  var bytes: [UInt8] { Array(UnsafeBufferPointer(start: memory, count: count)) }

  /// Makes room for so many bytes more.
  @inline(__always)
  private mutating func reserve(_ more: Int) {
    if count + more > capacity { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    let larger = max(capacity * 2, count + more)
    let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    moved.update(from: memory, count: count)
    memory.deallocate()
    memory = moved
    capacity = larger
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1)
    memory[count] = byte
    count += 1
  }

  @inline(__always)
  mutating func append(_ text: StaticString) {
    let length = text.utf8CodeUnitCount
    reserve(length)
    (memory + count).update(from: text.utf8Start, count: length)
    count += length
  }

  mutating func append(contentsOf text: String) {
    for byte in text.utf8 { append(byte) }
  }

  @inline(__always)
  mutating func append(_ text: Slice<UnsafeRawBufferPointer>) {
    guard let start = text.base.baseAddress, !text.isEmpty else { return }
    reserve(text.count)
    UnsafeMutableRawPointer(memory + count).copyMemory(from: start + text.startIndex, byteCount: text.count)
    count += text.count
  }

  /// Eight upper-case hexadecimal digits.
  @inline(__always)
  mutating func append(_ tag: Tag) {
    reserve(8)
    var rest = tag.rawValue
    for index in stride(from: 7, through: 0, by: -1) {
      let digit = UInt8(truncatingIfNeeded: rest & 0xF)
      memory[count + index] = digit < 10 ? 0x30 + digit : 0x37 + digit
      rest >>= 4
    }
    count += 8
  }

  mutating func append(number value: UInt64) {
    if value < 10 { return append(0x30 + UInt8(value)) }
    reserve(20)
    var digits = 0
    var rest = value
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    rest = value
    for index in stride(from: digits - 1, through: 0, by: -1) {
      memory[count + index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    count += digits
  }

  mutating func append(number value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(number: value.magnitude)
  }

  /// A string with its quotes; the text is UTF-8.
  @inline(__always)
  mutating func appendString(_ text: Slice<UnsafeRawBufferPointer>) {
    append(UInt8(ascii: "\""))
    if text.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
      appendEscaped(text)
    } else {
      append(text)
    }
    append(UInt8(ascii: "\""))
  }

  private mutating func appendEscaped(_ text: Slice<UnsafeRawBufferPointer>) {
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20:
        append("\\u00")
        append(byte < 0x10 ? 0x30 : 0x31)
        let digit = byte & 0xF
        append(digit < 10 ? 0x30 + digit : 0x57 + digit)
      default: append(byte)
      }
    }
  }

  /// RFC 4648 §4, without line breaks.
  mutating func appendBase64(_ value: UnsafeRawBufferPointer) {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    let letters = alphabet.utf8Start
    reserve((value.count + 2) / 3 * 4)
    var index = 0
    while index < value.count {
      let left = value.count - index
      let first = UInt32(value[index])
      let second = left > 1 ? UInt32(value[index + 1]) : 0
      let third = left > 2 ? UInt32(value[index + 2]) : 0
      let bits = first << 16 | second << 8 | third
      memory[count] = letters[Int(bits >> 18)]
      memory[count + 1] = letters[Int(bits >> 12 & 63)]
      memory[count + 2] = left > 1 ? letters[Int(bits >> 6 & 63)] : UInt8(ascii: "=")
      memory[count + 3] = left > 2 ? letters[Int(bits & 63)] : UInt8(ascii: "=")
      count += 4
      index += 3
    }
  }
}
