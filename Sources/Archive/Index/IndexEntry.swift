import DICOM
import Foundation

/// Everything the index keeps of one object, drawn from its one parse.
struct IndexEntry: Sendable {
  let identity: InstanceIdentity
  let digest: Digest
  /// As the object was received.
  let receivedDigest: Digest
  let size: Int
  let transferSyntax: UID
  let dataSetOffset: Int
  let receipt: Receipt
  let rows: Int
  let columns: Int
  let instanceNumber: Int?
  let frameCount: Int
  let pixelData: [UInt8]
  /// Whether there is something to prepare.
  let preparation: PreparationState
  /// Only of a prepared file.
  let prepared: PreparedFacts?
  /// DICOM JSON, with stand-in UIDs where the object has none.
  let json: [UInt8]
  let dataSet: DataSet
  let members: JSONMembers
  /// The site that sent the object, where the object itself does not say whose its patient ID is: sites write themselves into what they
  /// send, but for what they must not change. Two sites' "patient 12" stay apart all the same.
  private let impliedIssuer: String?
  /// Bits of ``StoredAttributes/study`` and ``StoredAttributes/series`` that have a value here.
  let studyMask: UInt64
  let seriesMask: UInt64

  /// - Parameters:
  ///   - received: of a prepared file: the digest of the received one.
  ///   - prepared: of a prepared file: what there is to know besides.
  ///   - preparesAll: whether objects without a ladder wait for their preparation, too.
  ///   - arrivingFrames: of an object of which only the header was parsed, because the rest is still coming: how many frames there
  ///     will be.
  init(
    _ object: ParsedObject, digest: Digest, received: Digest? = nil, size: Int, receipt: Receipt,
    prepared: PreparedFacts? = nil, preparesAll: Bool = false, arrivingFrames: Int? = nil
  ) {
    let receivedDigest = received ?? digest
    let dataSet = object.dataSet
    var standIns: [(Tag, UID)] = []
    func uid(_ tag: Tag, else standIn: () -> UID) -> UID {
      if let text = dataSet.string(tag), UID(rawValue: text).isUsable { return UID(rawValue: text) }
      let uid = standIn()
      standIns.append((tag, uid))
      return uid
    }
    let instance = uid(.sopInstanceUID) {
      if let uid = object.fileMeta?.sopInstanceUID, uid.isUsable { return uid }
      return UID.derived(from: receivedDigest.bytes)
    }
    func derived(_ kind: String) -> UID {
      let hash = SHA256()
      Array((kind + instance.rawValue).utf8).withUnsafeBytes { hash.update($0) }
      return UID.derived(from: hash.finish())
    }
    let sopClass = uid(.sopClassUID) {
      if let uid = object.fileMeta?.sopClassUID, uid.isUsable { return uid }
      // Raw Data Storage says the least about an object that does not say what it is.
      return "1.2.840.10008.5.1.4.1.1.66"
    }
    let study = uid(.studyInstanceUID) { derived("study") }
    let series = uid(.seriesInstanceUID) { derived("series") }
    identity = InstanceIdentity(
      studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance, sopClassUID: sopClass,
      digest: digest.hex)
    self.digest = digest
    self.receivedDigest = receivedDigest
    self.size = size
    self.receipt = receipt
    transferSyntax = object.transferSyntax.uid
    dataSetOffset = object.dataSetOffset
    rows = dataSet.int(.rows) ?? 0
    columns = dataSet.int(.columns) ?? 0
    instanceNumber = dataSet.int(.instanceNumber).flatMap { Int32(exactly: $0) }.map(Int.init)
    frameCount = arrivingFrames ?? object.pixelData?.frameCount ?? 0
    pixelData = arrivingFrames == nil ? object.pixelData?.encoded() ?? [] : []
    self.prepared = prepared
    let isNative = object.pixelData.map { !$0.isEncapsulated } ?? false
    preparation =
      arrivingFrames != nil
      ? .arriving : receivedDigest != digest ? .prepared : isNative || preparesAll ? .waiting : .untouched
    self.dataSet = dataSet
    var json = Self.json(of: dataSet, standIns: standIns)
    if arrivingFrames ?? 0 > 0 { Self.addPixelData(to: &json, object.transferSyntax) }
    self.json = json
    let members = json.withUnsafeBytes { JSONMembers($0) }
    self.members = members
    let studyMask = Self.mask(members, StoredAttributes.study)
    if let bit = StoredAttributes.study.index(of: .issuerOfPatientID), studyMask & 1 << UInt64(bit) == 0,
      receipt.channel == .link, let site = receipt.peerAddress, !site.isEmpty
    {
      impliedIssuer = site
      self.studyMask = studyMask | 1 << UInt64(bit)
    } else {
      impliedIssuer = nil
      self.studyMask = studyMask
    }
    seriesMask = Self.mask(members, StoredAttributes.series)
  }

  /// The kept attributes of the study, as this object has them, and whose its patient ID is.
  func studyMembers() -> MemberList {
    let list = list(StoredAttributes.study)
    guard let impliedIssuer else { return list }
    var issuer = MemberList()
    let value = impliedIssuer.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    Array("\"\(Tag.issuerOfPatientID.hex)\":{\"vr\":\"LO\",\"Value\":[\"\(value)\"]}".utf8)
      .withUnsafeBytes { issuer.append(.issuerOfPatientID, $0) }
    return list.filled(from: issuer) { _ in true }
  }
  /// The kept attributes of the series, as this object has them.
  func seriesMembers() -> MemberList { list(StoredAttributes.series) }

  private static func mask(_ members: JSONMembers, _ stored: StoredAttributes) -> UInt64 {
    var mask: UInt64 = 0
    var index = 0
    for member in members.members {
      while index < stored.tags.count, stored.tags[index] < member.tag { index += 1 }
      guard index < stored.tags.count else { break }
      if stored.tags[index] == member.tag && member.hasValue { mask |= 1 << UInt64(index) }
    }
    return mask
  }

  private func list(_ stored: StoredAttributes) -> MemberList {
    var list = MemberList()
    json.withUnsafeBytes { json in
      var index = 0
      for member in members.members {
        while index < stored.tags.count, stored.tags[index] < member.tag { index += 1 }
        guard index < stored.tags.count else { break }
        if stored.tags[index] == member.tag {
          list.append(member.tag, UnsafeRawBufferPointer(rebasing: json[member.range]))
        }
      }
    }
    return list
  }

  /// Readers expect what will be there; of all attributes that a header holds the pixel data comes last.
  private static func addPixelData(to json: inout [UInt8], _ syntax: TransferSyntax) {
    let vr = syntax.isEncapsulated ? "OB" : "OW"
    json.removeLast()
    if json.count > 1 { json.append(0x2C) }
    json += Array("\"\(Tag.pixelData.hex)\":{\"vr\":\"\(vr)\",\"BulkDataURI\":\"~/\(Tag.pixelData.hex)\"}}".utf8)
  }

  /// The metadata, with the stand-ins put where the data set has nothing usable.
  private static func json(of dataSet: DataSet, standIns: [(Tag, UID)]) -> [UInt8] {
    let json = dataSet.json()
    if standIns.isEmpty { return json }
    let texts = standIns.sorted { $0.0 < $1.0 }.map { tag, uid in
      (tag, Array("\"\(tag.hex)\":{\"vr\":\"UI\",\"Value\":[\"\(uid.rawValue)\"]}".utf8))
    }
    return json.withUnsafeBytes { bytes in
      var parts: [(tag: Tag, text: [UInt8])] = texts.map { ($0.0, $0.1) }
      for member in JSONMembers(bytes).members where !standIns.contains(where: { $0.0 == member.tag }) {
        parts.append((member.tag, Array(bytes[member.range])))
      }
      parts.sort { $0.tag < $1.tag }
      return [0x7B] + Array(parts.map(\.text).joined(separator: [0x2C])) + [0x7D]
    }
  }
}

extension UID {
  /// Whether the text can stand for itself in a path of the web: well formed, or at least short and harmless.
  var isUsable: Bool {
    isWellFormed
      || !rawValue.isEmpty && rawValue.utf8.count <= 64
        && rawValue.utf8.allSatisfy {
          $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x41 && $0 <= 0x5A || $0 >= 0x61 && $0 <= 0x7A || $0 == 0x2E || $0 == 0x2D
        }
        && rawValue.utf8.contains { $0 != 0x2E }
  }
}
