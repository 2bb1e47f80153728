/// Builds a data set element by element and writes it as bytes: ascending, padded, defined lengths, text as UTF-8.
///
///     var writer = DataSetWriter()
///     writer.string(.patientName, .pn, "Lefèvre^Zoé=زويي^لوفيفر")
///     writer.uint16(.rows, [512])
///     writer.sequence(.requestAttributesSequence) { item in
///       item.string(.requestedProcedureID, .sh, "P-1")
///     }
///     let file = writer.file(transferSyntax: .explicitVRLittleEndian)
///
/// An element that is set again replaces the first one. Where text needs it, (0008,0005) becomes ISO_IR 192.
public struct DataSetWriter: Sendable {
  private var elements: [Tag: Element] = [:]

  private struct Element: Sendable {
    var vr: VR
    var value: Value
  }

  private enum Value: Sendable {
    /// Little endian, not padded.
    case bytes([UInt8])
    case items([DataSetWriter])
    case fragments([[UInt8]])
  }

  public init() {}

  /// Sets an element to one text; "\" in it separates values where the VR has several.
  public mutating func string(_ tag: Tag, _ vr: VR, _ value: String) {
    elements[tag] = Element(vr: vr, value: .bytes(Array(value.utf8)))
  }

  /// Sets an element to several texts.
  public mutating func strings(_ tag: Tag, _ vr: VR, _ values: [String]) {
    string(tag, vr, values.joined(separator: "\\"))
  }

  /// Sets a UI element.
  public mutating func uid(_ tag: Tag, _ value: UID) { string(tag, .ui, value.rawValue) }

  /// Sets a US element, or another one of 16-bit words.
  public mutating func uint16(_ tag: Tag, _ values: [UInt16], vr: VR = .us) { integers(tag, vr, values) }
  /// Sets an SS element.
  public mutating func int16(_ tag: Tag, _ values: [Int16]) { integers(tag, .ss, values) }
  /// Sets a UL element, or another one of 32-bit words.
  public mutating func uint32(_ tag: Tag, _ values: [UInt32], vr: VR = .ul) { integers(tag, vr, values) }
  /// Sets an SL element.
  public mutating func int32(_ tag: Tag, _ values: [Int32]) { integers(tag, .sl, values) }
  /// Sets a UV element, or another one of 64-bit words.
  public mutating func uint64(_ tag: Tag, _ values: [UInt64], vr: VR = .uv) { integers(tag, vr, values) }
  /// Sets an FL element.
  public mutating func float(_ tag: Tag, _ values: [Float]) { integers(tag, .fl, values.map(\.bitPattern)) }
  /// Sets an FD element.
  public mutating func double(_ tag: Tag, _ values: [Double]) { integers(tag, .fd, values.map(\.bitPattern)) }
  /// Sets an AT element.
  public mutating func tags(_ tag: Tag, _ values: [Tag]) {
    integers(tag, .at, values.flatMap { [$0.group, $0.element] })
  }

  /// Sets an element to octets; words in them are little endian.
  public mutating func bytes(_ tag: Tag, _ vr: VR, _ value: [UInt8]) {
    elements[tag] = Element(vr: vr, value: .bytes(value))
  }

  /// Adds one item to a sequence, which begins to exist with its first item.
  public mutating func sequence(_ tag: Tag, _ build: (inout DataSetWriter) throws -> Void) rethrows {
    var item = DataSetWriter()
    try build(&item)
    if case .items(var items)? = elements[tag]?.value {
      elements[tag] = nil
      items.append(item)
      elements[tag] = Element(vr: .sq, value: .items(items))
    } else {
      elements[tag] = Element(vr: .sq, value: .items([item]))
    }
  }

  /// Sets a sequence to these items, which may be none.
  public mutating func sequence(_ tag: Tag, items: [DataSetWriter]) {
    elements[tag] = Element(vr: .sq, value: .items(items))
  }

  /// Sets Pixel Data to one fragment a frame, with a Basic Offset Table (PS3.5 §A.4).
  public mutating func encapsulatedPixelData(frames: [[UInt8]]) {
    elements[.pixelData] = Element(vr: .ob, value: .fragments(frames))
  }

  /// Takes an element away.
  public mutating func remove(_ tag: Tag) { elements[tag] = nil }

  private mutating func integers<T: FixedWidthInteger>(_ tag: Tag, _ vr: VR, _ values: [T]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * MemoryLayout<T>.size)
    for value in values { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
    elements[tag] = Element(vr: vr, value: .bytes(bytes))
  }
}

extension DataSetWriter {
  /// A whole Part 10 file: the canonical header and the data set, written as the syntax wants it.
  ///
  /// The caller sees to it that Pixel Data agrees with the syntax. Deflated syntaxes are written as stored blocks: correct,
  /// but not smaller.
  public func file(transferSyntax: TransferSyntax) -> [UInt8] {
    FileMeta.canonicalHeader(
      sopClassUID: UID(rawValue: text(.sopClassUID)), sopInstanceUID: UID(rawValue: text(.sopInstanceUID)),
      transferSyntax: transferSyntax) + dataSet(transferSyntax: transferSyntax)
  }

  /// The data set alone.
  public func dataSet(transferSyntax: TransferSyntax = .explicitVRLittleEndian) -> [UInt8] {
    var complete = self
    if elements[.specificCharacterSet] == nil, needsCharacterSet {
      complete.string(.specificCharacterSet, .cs, "ISO_IR 192")
    }
    var output = EncodedElements(isExplicit: transferSyntax.isExplicitVR, isLittleEndian: transferSyntax.isLittleEndian)
    complete.write(to: &output)
    return transferSyntax.isDeflated ? Self.storedBlocks(output.bytes) : output.bytes
  }

  private func text(_ tag: Tag) -> String {
    guard case .bytes(let bytes)? = elements[tag]?.value else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  private var needsCharacterSet: Bool {
    elements.values.contains { element in
      switch (element.value, element.vr.form) {
      case (.bytes(let bytes), .text), (.bytes(let bytes), .paragraph), (.bytes(let bytes), .personName):
        bytes.contains { $0 >= 0x80 }
      case (.items(let items), _): items.contains { $0.needsCharacterSet }
      default: false
      }
    }
  }

  func write(to output: inout EncodedElements) {
    for (tag, element) in elements.sorted(by: { $0.key < $1.key }) {
      switch element.value {
      case .bytes(var bytes):
        if bytes.count % 2 == 1 { bytes.append(element.vr.paddingByte) }
        output.header(tag, element.vr, length: bytes.count)
        output.append(bytes, wordSize: element.vr.wordSize)
      case .items(let items):
        var content = EncodedElements(isExplicit: output.isExplicit, isLittleEndian: output.isLittleEndian)
        for item in items {
          var nested = EncodedElements(isExplicit: output.isExplicit, isLittleEndian: output.isLittleEndian)
          item.write(to: &nested)
          content.itemHeader(.item, length: nested.bytes.count)
          content.bytes += nested.bytes
        }
        output.header(tag, .sq, length: content.bytes.count)
        output.bytes += content.bytes
      case .fragments(let frames):
        output.header(tag, element.vr, length: nil)
        output.itemHeader(.item, length: frames.count * 4)
        var offset: UInt32 = 0
        for frame in frames {
          output.integer(offset)
          offset += UInt32(8 + frame.count + frame.count % 2)
        }
        for frame in frames {
          output.itemHeader(.item, length: frame.count + frame.count % 2)
          output.bytes += frame
          if frame.count % 2 == 1 { output.bytes.append(0) }
        }
        output.itemHeader(.sequenceDelimitation, length: 0)
      }
    }
  }

  /// Bytes as a deflate stream of uncompressed blocks (RFC 1951 §3.2.4).
  private static func storedBlocks(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = []
    var rest = bytes[...]
    repeat {
      let block = rest.prefix(0xFFFF)
      rest = rest.dropFirst(block.count)
      let length = UInt16(block.count)
      stream.append(rest.isEmpty ? 1 : 0)
      for half in [length, ~length] { stream += [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)] }
      stream += block
    } while !rest.isEmpty
    if stream.count % 2 == 1 { stream.append(0) }
    return stream
  }
}

extension VR {
  /// What makes a value of odd length even (PS3.5 §6.2).
  var paddingByte: UInt8 {
    switch form {
    case .text, .paragraph, .personName, .decimal: 0x20
    case .code: self == .ui ? 0 : 0x20
    default: 0
    }
  }
}
