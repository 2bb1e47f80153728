extension DataSet {
  /// The data set as a DICOM JSON object (PS3.18 Annex F), UTF-8, attributes by ascending tag.
  ///
  /// - Group lengths, the groups 0000 and 0002, and elements that stand a second time are left out.
  /// - Specific Character Set, where there is one, says what is true of the text: ISO_IR 192.
  /// - IS and DS are numbers, written digit for digit as the object has them; what is no number is a string.
  /// - FL and FD that are no numbers are the strings "NaN", "inf" and "-inf", as other archives write them.
  /// - Octets are inline up to `inlineLimit` bytes, in little endian. Larger ones, the object's Pixel Data of any size, and
  ///   arrays of numbers beyond 64 KiB become `"BulkDataURI":"~/<AttributePath>"`, where the server puts its address for "~".
  /// - Hostile sizes stay out: any text beyond 1 MiB is bulk data too, in the object's own character set, and behind 64 MiB
  ///   of JSON every value of more than 64 bytes is. For names and codes PS3.18 §F.2.2 does not provide that.
  public func json(inlineLimit: Int = 1024) -> [UInt8] {
    var text = JSONText(capacity: 64 * range.count + 1024)
    table.bytes.withUnsafeBytes { memory in
      var writer = JSONObjectWriter(memory: memory, inlineLimit: inlineLimit)
      writer.write(self, orderedElements(), to: &text)
    }
    return text.bytes
  }

  /// The same of these attributes of the top level; those that are absent are left out.
  public func json(only tags: [Tag]) -> [UInt8] {
    var text = JSONText(capacity: 64 * tags.count + 64)
    let chosen = Set(tags).sorted().compactMap { index(of: $0) }
    table.bytes.withUnsafeBytes { memory in
      var writer = JSONObjectWriter(memory: memory, inlineLimit: 1024)
      writer.write(self, chosen, to: &text)
    }
    return text.bytes
  }
}

/// Writes one level after the other; recursion is as deep as `ParseLimits.depth` let the walk go.
private struct JSONObjectWriter {
  let memory: UnsafeRawBufferPointer
  let inlineLimit: Int
  var steps: [AttributePath.Step] = []

  mutating func write(_ dataSet: DataSet, _ elements: [Int], to text: inout JSONText) {
    text.append(UInt8(ascii: "{"))
    var isFirst = true
    for index in elements {
      let record = dataSet.table.records[index]
      if record.tag.element == 0 || record.tag.group == 0 || record.tag.group == 2 { continue }
      text.append(isFirst ? "\"" : ",\"")
      isFirst = false
      text.append(record.tag)
      text.append("\":{\"vr\":\"")
      text.append(UInt8(truncatingIfNeeded: record.vr.rawValue >> 8))
      text.append(UInt8(truncatingIfNeeded: record.vr.rawValue))
      text.append(UInt8(ascii: "\""))
      if record.vr == .sq {
        writeItems(dataSet, index, record.tag, to: &text)
      } else if record.length > 0 {
        writeValue(dataSet, record, to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
    text.append(UInt8(ascii: "}"))
  }

  private mutating func writeItems(_ dataSet: DataSet, _ index: Int, _ tag: Tag, to text: inout JSONText) {
    let items = dataSet.items(at: index)
    if items.isEmpty { return }
    text.append(",\"Value\":[")
    for (number, item) in items.enumerated() {
      if number > 0 { text.append(UInt8(ascii: ",")) }
      steps.append(AttributePath.Step(sequence: tag, item: number))
      write(item, item.orderedElements(), to: &text)
      steps.removeLast()
    }
    text.append(UInt8(ascii: "]"))
  }

  private func writeValue(_ dataSet: DataSet, _ record: ElementRecord, to text: inout JSONText) {
    if record.tag == .specificCharacterSet {
      return text.append(",\"Value\":[\"ISO_IR 192\"]")
    }
    let form = record.vr.form ?? .octets(1)
    if record.length > inlineLimit(of: record, form, written: text.count) || record.tag == .pixelData && steps.isEmpty {
      return writeReference(record.tag, to: &text)
    }
    switch form {
    case .octets: writeInline(record, to: &text)
    case .code, .text, .personName, .decimal, .paragraph:
      dataSet.withText(record, memory) { writeText($0, record, form, to: &text) }
    case .unsigned, .signed, .float, .attributeTag: writeNumbers(record, form, to: &text)
    case .sequence: break
    }
  }

  private func inlineLimit(of record: ElementRecord, _ form: VR.Form, written: Int) -> Int {
    if written > 64 << 20 { return 64 }
    switch form {
    case .octets: return inlineLimit
    case .unsigned, .signed, .float: return 64 << 10
    default: return 1 << 20
    }
  }

  private func writeReference(_ tag: Tag, to text: inout JSONText) {
    text.append(",\"BulkDataURI\":\"~/")
    text.append(contentsOf: AttributePath(tag, in: steps).description)
    text.append(UInt8(ascii: "\""))
  }

  private func writeInline(_ record: ElementRecord, to text: inout JSONText) {
    text.append(",\"InlineBinary\":\"")
    let value = UnsafeRawBufferPointer(rebasing: memory[record.range])
    if record.flags.contains(.bigEndian) {
      var swapped = Array(value)
      record.swapToLittleEndian(&swapped)
      swapped.withUnsafeBytes { text.appendBase64($0) }
    } else {
      text.appendBase64(value)
    }
    text.append(UInt8(ascii: "\""))
  }

  // MARK: Text

  @inline(__always)
  private func writeText(
    _ value: UnsafeRawBufferPointer, _ record: ElementRecord, _ form: VR.Form, to text: inout JSONText
  ) {
    if case .paragraph = form {
      let whole = record.trimmed(value[...])
      if whole.isEmpty { return }
      text.append(",\"Value\":[")
      text.appendString(whole)
      return text.append(UInt8(ascii: "]"))
    }
    // Nothing but padding and separators is no value.
    guard value.contains(where: { $0 != 0x20 && $0 != UInt8(ascii: "\\") }) else { return }
    text.append(",\"Value\":[")
    var start = 0
    while true {
      var end = start
      while end < value.count, value[end] != UInt8(ascii: "\\") { end += 1 }
      if start > 0 { text.append(UInt8(ascii: ",")) }
      let single = record.trimmed(value[start..<end])
      if single.isEmpty {
        text.append("null")
      } else {
        switch form {
        case .personName: writeName(single, to: &text)
        case .decimal: text.appendNumber(single)
        default: text.appendString(single)
        }
      }
      if end == value.count { break }
      start = end + 1
    }
    text.append(UInt8(ascii: "]"))
  }

  /// Up to three component groups, "Alphabetic=Ideographic=Phonetic" (PS3.5 §6.2.1).
  private func writeName(_ name: Slice<UnsafeRawBufferPointer>, to text: inout JSONText) {
    let labels: [StaticString] = ["\"Alphabetic\":", "\"Ideographic\":", "\"Phonetic\":"]
    let groups = name.split(separator: UInt8(ascii: "="), maxSplits: 3, omittingEmptySubsequences: false).prefix(3)
    if groups.allSatisfy(\.isEmpty) { return text.append("null") }
    text.append(UInt8(ascii: "{"))
    var isFirst = true
    for (label, group) in zip(labels, groups) {
      var group = group
      while group.last == 0x20 { group = group.dropLast() }
      if group.isEmpty { continue }
      if !isFirst { text.append(UInt8(ascii: ",")) }
      isFirst = false
      text.append(label)
      text.appendString(group)
    }
    text.append(UInt8(ascii: "}"))
  }

  // MARK: Numbers

  private func writeNumbers(_ record: ElementRecord, _ form: VR.Form, to text: inout JSONText) {
    let count = record.valueCount
    if count == 0 { return }
    text.append(",\"Value\":[")
    for index in 0..<count {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      switch form {
      case .unsigned(2): text.append(number: UInt64(record.load(index, memory) as UInt16))
      case .unsigned(4): text.append(number: UInt64(record.load(index, memory) as UInt32))
      case .unsigned: text.append(number: record.load(index, memory) as UInt64)
      case .signed(2): text.append(number: Int64(record.load(index, memory) as Int16))
      case .signed(4): text.append(number: Int64(record.load(index, memory) as Int32))
      case .signed: text.append(number: record.load(index, memory) as Int64)
      case .float(4): writeFloat(Float(bitPattern: record.load(index, memory)), to: &text)
      case .float: writeFloat(Double(bitPattern: record.load(index, memory)), to: &text)
      default:
        text.append(UInt8(ascii: "\""))
        text.append(Tag(record.load(index * 2, memory), record.load(index * 2 + 1, memory)))
        text.append(UInt8(ascii: "\""))
      }
    }
    text.append(UInt8(ascii: "]"))
  }

  /// The shortest decimal number that gives the same binary one.
  private func writeFloat<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T, to text: inout JSONText) {
    if value.isNaN { return text.append("\"NaN\"") }
    if value.isInfinite { return text.append(value < 0 ? "\"-inf\"" : "\"inf\"") }
    let whole = value.rounded(.towardZero)
    if whole == value, abs(value) < 1e15, value != 0 || value.sign == .plus { return text.append(number: Int64(value)) }
    text.append(contentsOf: value.description)
  }
}

extension JSONText {
  /// Decimal text as a JSON number, digit for digit where its grammar allows (RFC 8259 §6), else mended ("+1", ".5", "007",
  /// "1."), else as a string.
  mutating func appendNumber(_ text: Slice<UnsafeRawBufferPointer>) {
    var index = text.startIndex
    let end = text.endIndex
    var isNegative = false
    if index < end, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    func digits() -> Range<Int> {
      let start = index
      while index < end, (0x30...0x39).contains(text[index]) { index += 1 }
      return start..<index
    }
    var whole = digits()
    var fraction = index..<index
    if index < end, text[index] == UInt8(ascii: ".") {
      index += 1
      fraction = digits()
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return appendString(text) }
    let exponent = index
    if index < end, text[index] == UInt8(ascii: "e") || text[index] == UInt8(ascii: "E") {
      index += 1
      if index < end, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") { index += 1 }
      // Three digits are more than a Double can follow.
      guard (1...3).contains(digits().count) else { return appendString(text) }
    }
    guard index == end else { return appendString(text) }

    if isNegative { append(UInt8(ascii: "-")) }
    while whole.count > 1, text[whole.lowerBound] == 0x30 { whole = whole.lowerBound + 1..<whole.upperBound }
    if whole.isEmpty { append(0x30) } else { append(text[whole]) }
    if !fraction.isEmpty {
      append(UInt8(ascii: "."))
      append(text[fraction])
    }
    append(text[exponent..<end])
  }
}
