/// Takes a file that arrives in pieces (STOW-RS, import) and puts it into a spool in its canonical form.
///
/// The file meta information is replaced by `FileMeta.canonicalHeader`, so that an object gets one digest on every way in;
/// the data set follows byte for byte. For that, the first pieces are held back until SOP Class UID and SOP Instance UID
/// have been seen, at most `headLimit` bytes. Those of the data set count; where it has none, those of the old header.
///
/// Where the old header is missing, or contradicts an uncompressed data set, the syntax is read off the first element.
public struct Part10Receiver: Sendable {
  private let spool: Spool
  private var state = State.holding([])
  /// Held bytes are looked at again when they have doubled.
  private var nextLook = 512
  private let headLimit = 1 << 20

  private enum State: Sendable {
    case holding([UInt8])
    case passing(Identity)
    /// The head made no sense: the bytes go into the spool as they come, for the quarantine.
    case passingUnread(ParseFailure)
  }

  private struct Identity: Sendable {
    let sopClassUID: UID?
    let sopInstanceUID: UID?
    let transferSyntax: TransferSyntax
  }

  /// - Parameter spool: an empty one.
  public init(spool: Spool) { self.spool = spool }

  /// Takes the next bytes. Blocks on the disk when the spool outgrows its memory.
  ///
  /// - Throws: `ParseFailure` as soon as it is clear that this is not DICOM at all, `SpoolFailure` if the bytes cannot be kept.
  public mutating func receive(_ bytes: UnsafeRawBufferPointer) throws {
    guard case .holding(var held) = state else { return try spool.append(bytes) }
    state = .holding([])
    held.append(contentsOf: bytes)
    try look(held, isWhole: false)
  }

  /// Says that all bytes have come, and what they are.
  ///
  /// - Throws: the `ParseFailure` for which the object cannot be kept. The spool then holds what came, if only to be looked
  ///   at in quarantine.
  public mutating func finish() throws -> (sopClassUID: UID?, sopInstanceUID: UID?, transferSyntax: TransferSyntax) {
    if case .holding(let held) = state { try look(held, isWhole: true) }
    switch state {
    case .passing(let identity):
      return (identity.sopClassUID, identity.sopInstanceUID, identity.transferSyntax)
    case .passingUnread(let failure): throw failure
    case .holding: throw ParseFailure(.empty)
    }
  }

  private mutating func look(_ held: [UInt8], isWhole: Bool) throws {
    let isLast = isWhole || held.count >= headLimit
    guard isLast || held.count >= nextLook else {
      state = .holding(held)
      return
    }
    nextLook = held.count * 2
    do {
      guard let (identity, offset) = try Self.identify(ObjectBytes(held), isLast: isLast) else {
        state = .holding(held)
        return
      }
      try spool.append(
        FileMeta.canonicalHeader(
          sopClassUID: identity.sopClassUID ?? "", sopInstanceUID: identity.sopInstanceUID ?? "",
          transferSyntax: identity.transferSyntax))
      try held.withUnsafeBytes { try spool.append(UnsafeRawBufferPointer(rebasing: $0[offset...])) }
      state = .passing(identity)
    } catch let failure as ParseFailure {
      if failure.code == .notDICOM || failure.code == .empty { throw failure }
      try spool.append(held)
      state = .passingUnread(failure)
    }
  }

  /// Reads the head of an object; nil when more bytes are needed.
  private static func identify(
    _ bytes: ObjectBytes, isLast: Bool
  ) throws(ParseFailure) -> (identity: Identity, dataSetOffset: Int)? {
    try bytes.reading { memory throws(ParseFailure) in
      guard let head = try FileHead.read(memory, isWhole: isLast) else { return nil }
      guard isLast || memory.count - head.dataSetOffset >= 8 else { return nil }
      let seen = Encoding(sniffing: memory, at: head.dataSetOffset)
      var syntax: TransferSyntax
      if let uid = head.meta?.transferSyntaxUID {
        syntax = try TransferSyntax(declared: uid)
        // Only uncompressed syntaxes are mended: which codec another one means cannot be seen from its first element.
        if let seen, !syntax.isDeflated, !syntax.isEncapsulated, seen != Encoding(syntax) {
          syntax = TransferSyntax(seen)
        }
      } else if let seen {
        syntax = TransferSyntax(seen)
      } else {
        throw ParseFailure(.unknownTransferSyntax)
      }

      let start =
        syntax.isDeflated
        ? inflatedStart(UnsafeRawBufferPointer(rebasing: memory[head.dataSetOffset...]))
        : bytes
      let offset = syntax.isDeflated ? 0 : head.dataSetOffset
      guard let uids = identity(start, from: offset, Encoding(syntax), isLast: isLast) else { return nil }
      let identity = Identity(
        sopClassUID: uids.sopClass ?? head.meta?.sopClassUID,
        sopInstanceUID: uids.sopInstance ?? head.meta?.sopInstanceUID, transferSyntax: syntax)
      return (identity, head.dataSetOffset)
    }
  }

  /// The two UIDs of a data set whose beginning is here; nil when more of it may bring them.
  private static func identity(
    _ bytes: ObjectBytes, from offset: Int, _ encoding: Encoding, isLast: Bool
  ) -> (sopClass: UID?, sopInstance: UID?)? {
    bytes.withUnsafeBytes { memory in
      var walker = Walker(memory, from: offset, encoding: encoding, limits: .standard, lastTag: .sopInstanceUID)
      // A failure is either the end of what has come, or found again when the whole object is parsed.
      try? walker.run()
      let dataSet = DataSet(ElementTable(bytes: bytes, records: walker.records))
      let found = (dataSet.identifier(.sopClassUID), dataSet.identifier(.sopInstanceUID))
      if isLast || walker.passedLastTag || found.0 != nil && found.1 != nil { return found }
      return nil
    }
  }

  /// The first 64 KiB of a deflated data set.
  private static func inflatedStart(_ deflated: UnsafeRawBufferPointer) -> ObjectBytes {
    guard let inflater = Inflater() else { return ObjectBytes([]) }
    let room = 64 << 10
    let start = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      count = inflater.run(deflated, into: UnsafeMutableRawBufferPointer(buffer)).produced
    }
    return ObjectBytes(start)
  }
}

extension DataSet {
  /// A UID of the top level, unless it is too long for one to be written down.
  fileprivate func identifier(_ tag: Tag) -> UID? {
    guard let record = record(tag), record.length <= 1024 else { return nil }
    return uid(tag)
  }
}
