/// What stands before the data set of a file: preamble, "DICM" and file meta information, or some of them, or nothing.
struct FileHead {
  /// nil if the file begins with its data set.
  let meta: FileMeta?
  let dataSetOffset: Int

  /// Reads the head of a file of which the first bytes are here.
  ///
  /// Lenient: the preamble may be missing, the group length is not believed, an element of the group may be implicit.
  ///
  /// - Parameter isWhole: no further bytes will come.
  /// - Returns: nil when more bytes are needed to tell.
  static func read(_ memory: UnsafeRawBufferPointer, isWhole: Bool) throws(ParseFailure) -> FileHead? {
    if memory.isEmpty, isWhole { throw ParseFailure(.empty) }
    if memory.count < 132 {
      if !isWhole { return nil }
    } else if memory[128..<132].elementsEqual("DICM".utf8) {
      return try readMeta(memory, from: 132, isWhole: isWhole)
    }
    guard memory.count >= 8 else { throw ParseFailure(.notDICOM) }
    // Whatever its VRs are: behind our own header a data set that began with this group would be read as part of that header.
    if memory[0] == 2, memory[1] == 0 { return try readMeta(memory, from: 0, isWhole: isWhole) }
    guard beginsDataSet(memory) else { throw ParseFailure(.notDICOM) }
    return FileHead(meta: nil, dataSetOffset: 0)
  }

  /// Whether the first element could be that of a data set: a low group and a tag of the dictionary.
  private static func beginsDataSet(_ memory: UnsafeRawBufferPointer) -> Bool {
    guard let encoding = Encoding(sniffing: memory, at: 0) else { return false }
    let first = (UInt16(memory[0]), UInt16(memory[1]), UInt16(memory[2]), UInt16(memory[3]))
    let tag =
      encoding.isBigEndian
      ? Tag(first.0 << 8 | first.1, first.2 << 8 | first.3) : Tag(first.1 << 8 | first.0, first.3 << 8 | first.2)
    return tag.group <= 0x20 && !tag.isPrivate && DataDictionary.table.entry(tag) != .none
  }

  private static func readMeta(
    _ memory: UnsafeRawBufferPointer, from start: Int, isWhole: Bool
  ) throws(ParseFailure) -> FileHead? {
    var values: [Tag: Range<Int>] = [:]
    var position = start
    while true {
      guard memory.count - position >= 8 else {
        if !isWhole { return nil }
        // Nothing behind the meta information, or something cut.
        throw ParseFailure(memory.count == position ? .empty : .truncated, offset: position)
      }
      let group = UInt16(memory[position]) | UInt16(memory[position + 1]) << 8
      guard group == 2 else { break }
      let tag = Tag(group, UInt16(memory[position + 2]) | UInt16(memory[position + 3]) << 8)
      let vr = VR(memory[position + 4], memory[position + 5])
      var value = position + 8
      let length: Int
      if vr.isKnown && vr.hasLongLength {
        guard memory.count - position >= 12 else {
          if !isWhole { return nil }
          throw ParseFailure(.truncated, tag: tag, offset: position)
        }
        value = position + 12
        length = Int(UInt32(littleEndian: memory.loadUnaligned(fromByteOffset: position + 8, as: UInt32.self)))
      } else if vr.isKnown {
        length = Int(UInt16(littleEndian: memory.loadUnaligned(fromByteOffset: position + 6, as: UInt16.self)))
      } else {
        length = Int(UInt32(littleEndian: memory.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self)))
      }
      guard length <= memory.count - value else {
        if !isWhole { return nil }
        throw ParseFailure(.truncated, tag: tag, offset: position)
      }
      if values[tag] == nil { values[tag] = value..<value + length }
      position = value + length
    }
    return FileHead(meta: FileMeta(values, in: memory), dataSetOffset: position)
  }
}

extension FileMeta {
  fileprivate init(_ values: [Tag: Range<Int>], in memory: UnsafeRawBufferPointer) {
    func text(_ tag: Tag) -> String? {
      guard let range = values[tag], range.count <= 1024 else { return nil }
      var value = memory[range]
      while let last = value.last, last == 0 || last == 0x20 { value = value.dropLast() }
      while value.first == 0x20 { value = value.dropFirst() }
      return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
    }
    self.init(
      sopClassUID: text(.mediaStorageSOPClassUID).map(UID.init(rawValue:)),
      sopInstanceUID: text(.mediaStorageSOPInstanceUID).map(UID.init(rawValue:)),
      transferSyntaxUID: text(.transferSyntaxUID).map(UID.init(rawValue:)),
      implementationClassUID: text(.implementationClassUID).map(UID.init(rawValue:)),
      implementationVersionName: text(.implementationVersionName),
      sourceApplicationEntityTitle: text(.sourceApplicationEntityTitle))
  }
}

extension TransferSyntax {
  /// The syntax that a file declares, if objects are stored in it.
  init(declared uid: UID) throws(ParseFailure) {
    guard let syntax = TransferSyntax(uid: uid), !Self.notForObjects.contains(syntax) else {
      throw ParseFailure(.unknownTransferSyntax)
    }
    self = syntax
  }

  /// The plain syntax of an encoding that was guessed.
  init(_ encoding: Encoding) {
    self =
      encoding.isBigEndian
      ? .explicitVRBigEndian : encoding.isExplicit ? .explicitVRLittleEndian : .implicitVRLittleEndian
  }

  private static let notForObjects: Set<TransferSyntax> = [
    .rfc2557MIMEEncapsulation, .xmlEncoding, .smpteST211020Progressive, .smpteST211020Interlaced, .smpteST211030,
  ]
}

extension FileHead {
  /// How the data set is written: as the file meta information declares, else as its first element looks.
  func transferSyntax(in memory: UnsafeRawBufferPointer) throws(ParseFailure) -> TransferSyntax {
    if let declared = meta?.transferSyntaxUID { return try TransferSyntax(declared: declared) }
    guard let encoding = Encoding(sniffing: memory, at: dataSetOffset) else {
      throw ParseFailure(.unknownTransferSyntax)
    }
    return TransferSyntax(encoding)
  }
}
