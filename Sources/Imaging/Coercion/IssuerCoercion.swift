import DICOM
import Foundation

/// Gives an object the site's name as Issuer of Patient ID (0010,0021), so that two sites' equal patient IDs never meet, and keeps what
/// stood there in Original Attributes Sequence (PS3.3 §C.12.1.1.9).
///
/// Nothing else changes: transfer syntax, pixel data and all other attributes are the received ones, byte for byte, and that is proven
/// before the file may be used. The same object gives the same bytes every time.
public struct IssuerCoercion: Sendable {
  /// The site's name.
  public let issuer: String
  /// Who sent the object: its AE title, as a rule; may be empty.
  public let source: String
  /// When it came, which is when it counts as changed.
  public let receivedAt: Date

  /// Whether a text can be an issuer: printable ASCII, at most 64 characters, no backslash, no space at either end.
  public static func isValid(_ issuer: String) -> Bool {
    let bytes = Array(issuer.utf8)
    return (1...64).contains(bytes.count) && bytes.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x5C }
      && bytes.first != 0x20 && bytes.last != 0x20
  }

  /// - Parameter issuer: see `isValid(_:)`.
  public init(issuer: String, source: String, receivedAt: Date) {
    self.issuer = issuer
    self.source = source
    self.receivedAt = receivedAt
  }

  /// What became of an object.
  public enum Outcome: Sendable {
    /// It carries this issuer already; nothing was written.
    case alreadySo
    /// The file is there, and proven.
    case written
    /// It stays as it is.
    case untouched(CoercionObstacle)
  }

  /// Writes and proves the file. Blocks: the object is read and written once, and read once more.
  ///
  /// - Parameters:
  ///   - path: the received file.
  ///   - output: must not exist; appears whole and proven, or not at all; not flushed.
  public func write(path: String, output: String) throws -> Outcome {
    let received: ParsedObject
    do {
      received = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    } catch let failure as ParseFailure {
      return .untouched(.irregular(failure.reason))
    }
    let dataSet = received.dataSet
    if dataSet.string(.issuerOfPatientID) == issuer { return .alreadySo }
    if dataSet.contains(.digitalSignaturesSequence) { return .untouched(.signed) }
    var edit = AttributeEdit(of: received)
    edit.set(.issuerOfPatientID, .lo, Array(issuer.utf8))
    if let item = original(in: dataSet) { edit.append(item, to: .originalAttributesSequence) }
    let temporary = output + ".\(UInt64.random(in: 0 ... .max)).part"
    defer { unlink(temporary) }
    do {
      let file = try OutputFile(path: temporary)
      try edit.write(file.write)
      try file.finish()
    } catch let failure as AttributeEdit.Failure {
      return .untouched(.irregular(failure.reason))
    }
    if let tag = try difference(of: temporary, from: received) { return .untouched(.differs(tag)) }
    guard rename(temporary, output) == 0 else { throw PreparationFailure(call: "rename a file") }
    return .written
  }

  // MARK: Original attributes

  /// What is kept of the received value; nil where there was none.
  private func original(in dataSet: DataSet) -> DataSetWriter? {
    let value = Self.trimmed(dataSet.octets(.issuerOfPatientID))
    guard !value.isEmpty else { return nil }
    var item = DataSetWriter()
    item.sequence(.modifiedAttributesSequence) { $0.bytes(.issuerOfPatientID, .lo, value) }
    item.string(.attributeModificationDateTime, .dt, Self.text(receivedAt))
    item.string(.modifyingSystem, .lo, String("\(FileMeta.implementationVersionName) \(issuer)".prefix(64)))
    item.string(.sourceOfPreviousValues, .lo, String(source.filter { $0.isASCII && $0 != "\\" }.prefix(64)))
    item.string(.reasonForTheAttributeModification, .cs, "COERCE")
    return item
  }

  private static func trimmed(_ value: [UInt8]) -> [UInt8] {
    var value = value[...]
    while let last = value.last, last == 0x20 || last == 0 { value = value.dropLast() }
    return Array(value)
  }

  /// As VR DT, in UTC, to the second.
  private static func text(_ date: Date) -> String {
    var seconds = time_t(date.timeIntervalSince1970)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func digits(_ value: Int32, _ count: Int) -> String {
      let text = String(max(0, value))
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return digits(parts.tm_year + 1900, 4) + digits(parts.tm_mon + 1, 2) + digits(parts.tm_mday, 2)
      + digits(parts.tm_hour, 2) + digits(parts.tm_min, 2) + digits(parts.tm_sec, 2) + "+0000"
  }

  // MARK: Proof

  /// The first attribute that is neither the received one nor what it was to become; nil when all are.
  private func difference(of path: String, from received: ParsedObject) throws -> Tag? {
    let coerced = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    let (old, new) = (received.dataSet, coerced.dataSet)
    let syntax = received.isInflated ? .explicitVRLittleEndian : received.transferSyntax
    guard coerced.transferSyntax == syntax, coerced.fileMeta?.sopInstanceUID == received.fileMeta?.sopInstanceUID,
      coerced.fileMeta?.sopClassUID == received.fileMeta?.sopClassUID
    else { return .transferSyntaxUID }
    if let tag = received.firstDifference(from: coerced, ignoring: [.issuerOfPatientID, .originalAttributesSequence]) {
      return tag
    }
    guard new.vr(of: .issuerOfPatientID) == .lo,
      Self.trimmed(new.octets(.issuerOfPatientID)) == Array(issuer.utf8)
    else { return .issuerOfPatientID }
    var expected = old.items(.originalAttributesSequence)
    if let item = original(in: old) {
      var writer = DataSetWriter()
      writer.string(.patientID, .lo, "")
      writer.sequence(.originalAttributesSequence, items: [item])
      let file = ObjectBytes(writer.file(transferSyntax: .explicitVRLittleEndian))
      expected += try ParsedObject.parse(file).dataSet.items(.originalAttributesSequence)
    }
    let items = new.items(.originalAttributesSequence)
    guard items.count == expected.count, zip(items, expected).allSatisfy({ $0.firstDifference(from: $1) == nil }),
      expected.isEmpty ? old.contains(.originalAttributesSequence) == new.contains(.originalAttributesSequence) : true
    else { return .originalAttributesSequence }
    return nil
  }
}

/// Why an object keeps the issuer that it came with.
public enum CoercionObstacle: Error, Hashable, Sendable {
  /// It carries digital signatures, which a change would break.
  case signed
  /// It cannot be written anew as it is.
  case irregular(String)
  /// The file that was made is not equal in this attribute; it was removed. Somebody should look.
  case differs(Tag)

  /// Short and stable: for the index and metrics.
  public var code: String {
    switch self {
    case .signed: "signed"
    case .irregular: "irregular"
    case .differs: "attribute-differs"
    }
  }
}

extension CoercionObstacle: CustomStringConvertible {
  public var description: String {
    switch self {
    case .signed: "the object is digitally signed"
    case .irregular(let reason): reason
    case .differs(let tag): "\(tag) would not be what was received"
    }
  }
}
