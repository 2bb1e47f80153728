extension DataSet {
  /// The first value as text in Unicode without its padding; nil if the element is absent or the value empty.
  ///
  /// A person name comes with its component groups as written: "Yamada^Tarou=山田^太郎". Numbers are written as decimal text,
  /// tags as eight hexadecimal digits. Of a text beyond 1 MiB, only so much is read: nobody needs a longer one in memory.
  public func string(_ tag: Tag) -> String? {
    guard let record = record(tag) else { return nil }
    guard let isMultiple = record.isMultipleText else { return strings(tag).first { !$0.isEmpty } }
    return table.bytes.withUnsafeBytes { memory in
      withText(record, memory) { text in
        let first = isMultiple ? text.prefix { $0 != UInt8(ascii: "\\") } : text[...]
        let value = record.trimmed(first)
        return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
      }
    }
  }

  /// All values as text, of the first 1 MiB; an empty value among others is "".
  public func strings(_ tag: Tag) -> [String] {
    guard let record = record(tag), record.length > 0 else { return [] }
    guard let isMultiple = record.isMultipleText else { return binaryStrings(record) }
    return table.bytes.withUnsafeBytes { memory in
      withText(record, memory) { text in
        guard isMultiple else { return [String(decoding: record.trimmed(text[...]), as: UTF8.self)] }
        let values = text.split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false)
          .map { String(decoding: record.trimmed($0), as: UTF8.self) }
        return values.allSatisfy(\.isEmpty) ? [] : values
      }
    }
  }

  /// The first value of a UI element without its padding; well-formed or not.
  public func uid(_ tag: Tag) -> UID? { string(tag).map(UID.init(rawValue:)) }

  /// The first value as a whole number: binary integers, IS, and DS or "12.0" if nothing is lost.
  public func int(_ tag: Tag) -> Int? {
    guard let record = record(tag) else { return nil }
    switch record.vr.form {
    case .unsigned, .signed:
      return table.bytes.withUnsafeBytes { record.integer(0, $0).flatMap { Int(exactly: $0) } }
    case .decimal, .text, .code:
      guard let text = string(tag) else { return nil }
      let digits = text.hasPrefix("+") ? text.dropFirst() : text[...]
      return Int(digits) ?? Double(digits).flatMap { Int(exactly: $0) }
    case .float:
      return double(tag).flatMap { Int(exactly: $0) }
    default: return nil
    }
  }

  /// The first value as a number: binary numbers, DS and IS.
  public func double(_ tag: Tag) -> Double? {
    guard let record = record(tag) else { return nil }
    return doubles(record, most: 1).first
  }

  /// All values as numbers; empty if one of them is none.
  public func doubles(_ tag: Tag) -> [Double] {
    guard let record = record(tag) else { return [] }
    return doubles(record, most: .max)
  }

  private func doubles(_ record: ElementRecord, most: Int) -> [Double] {
    switch record.vr.form {
    case .unsigned, .signed:
      return table.bytes.withUnsafeBytes { memory in
        (0..<min(most, record.valueCount)).compactMap { record.integer($0, memory).map { Double($0) } }
      }
    case .float:
      return table.bytes.withUnsafeBytes { memory in
        (0..<min(most, record.valueCount)).compactMap { record.float($0, memory) }
      }
    case .decimal:
      let texts = strings(record.tag).prefix(most)
      let numbers = texts.compactMap { Double($0.hasPrefix("+") ? String($0.dropFirst()) : $0) }
      return numbers.count == texts.count ? numbers : []
    default: return []
    }
  }

  private func binaryStrings(_ record: ElementRecord) -> [String] {
    table.bytes.withUnsafeBytes { memory in
      (0..<record.valueCount).compactMap { index in
        switch record.vr.form {
        case .unsigned, .signed: record.integer(index, memory).map { "\($0)" }
        case .float: record.float(index, memory).map { "\($0)" }
        case .attributeTag: record.attributeTag(index, memory)?.hex
        default: nil
        }
      }
    }
  }

  /// Lends a text value as UTF-8, padding and all: in place if it is plain ASCII, else decoded.
  @inline(__always)
  func withText<R>(
    _ record: ElementRecord, _ memory: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> R
  ) -> R {
    // The padding is cut off first: NULs at the end are not worth a decoding.
    let value = UnsafeRawBufferPointer(rebasing: memory[record.range].prefix(1 << 20))
    var count = value.count
    while count > 0, value[count - 1] == 0 { count -= 1 }
    let padded = UnsafeRawBufferPointer(rebasing: value[..<count])
    if TextDecoder.isPlain(padded) { return body(padded) }
    return TextDecoder.decode(padded, characterSet, isPersonName: record.vr == .pn).withUnsafeBytes(body)
  }
}

extension ElementRecord {
  /// Whether "\" separates values of this text; nil if the value is no text.
  var isMultipleText: Bool? {
    switch vr.form {
    case .code, .text, .personName, .decimal: true
    case .paragraph: false
    default: nil
    }
  }

  /// Without the blanks that PS3.5 §6.2 calls insignificant: at the end, and of most VRs at the start too.
  @inline(__always)
  func trimmed(_ text: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    var text = text
    while let last = text.last, last == 0x20 || last == 0 { text = text.dropLast() }
    switch vr {
    case .lt, .st, .ut, .uc: return text
    case .pn:
      // Component groups that are empty at the end may be left out (PS3.5 §6.2.1.1).
      while let last = text.last, last == 0x20 || last == UInt8(ascii: "=") { text = text.dropLast() }
      return text
    default: break
    }
    while text.first == 0x20 { text = text.dropFirst() }
    return text
  }

  /// How many binary values there are; a remainder that is no whole one does not count.
  var valueCount: Int {
    switch vr.form {
    case .unsigned(let size), .signed(let size), .float(let size): length / size
    case .attributeTag: length / 4
    default: 0
    }
  }

  func integer(_ index: Int, _ memory: UnsafeRawBufferPointer) -> Int128? {
    guard index < valueCount else { return nil }
    switch vr.form {
    case .unsigned(2): return Int128(load(index, memory) as UInt16)
    case .unsigned(4): return Int128(load(index, memory) as UInt32)
    case .unsigned: return Int128(load(index, memory) as UInt64)
    case .signed(2): return Int128(load(index, memory) as Int16)
    case .signed(4): return Int128(load(index, memory) as Int32)
    case .signed: return Int128(load(index, memory) as Int64)
    default: return nil
    }
  }

  func float(_ index: Int, _ memory: UnsafeRawBufferPointer) -> Double? {
    guard index < valueCount else { return nil }
    switch vr.form {
    case .float(4): return Double(Float(bitPattern: load(index, memory)))
    case .float: return Double(bitPattern: load(index, memory))
    default: return nil
    }
  }

  func attributeTag(_ index: Int, _ memory: UnsafeRawBufferPointer) -> Tag? {
    guard index < valueCount else { return nil }
    return Tag(load(index * 2, memory), load(index * 2 + 1, memory))
  }

  /// The word at an index, which the caller has found to lie inside the value.
  @inline(__always)
  func load<T: FixedWidthInteger & BitwiseCopyable>(_ index: Int, _ memory: UnsafeRawBufferPointer) -> T {
    let word = memory.loadUnaligned(fromByteOffset: offset + index * MemoryLayout<T>.size, as: T.self)
    return flags.contains(.bigEndian) ? T(bigEndian: word) : T(littleEndian: word)
  }
}
