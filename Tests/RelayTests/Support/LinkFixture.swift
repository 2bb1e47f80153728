import Archive
import Crypto
import DICOM
import Foundation
import Logging
import Testing

@testable import Relay

/// A hub: a real archive in a folder of its own, and the receiver before it.
final class LinkFixture: Sendable {
  static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  let folder: String
  let archive: Archive
  let receiver: LinkReceiver
  let keys: [String: SiteKey]

  init(
    sites: [String] = ["MIDELT", "AZILAL"], configure: (inout ArchiveOptions) -> Void = { _ in },
    limits change: (inout LinkLimits) -> Void = { _ in }, clock: TestClock = TestClock()
  ) throws {
    folder = NSTemporaryDirectory() + "rekkas-link-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var options = ArchiveOptions(directory: folder + "/hub")
    options.diskReserve = 0
    options.journalSegmentSize = 4 << 20
    options.journalSegments = 2
    configure(&options)
    archive = try Archive(options: options, logger: Self.logger)
    keys = try Dictionary(uniqueKeysWithValues: sites.map { ($0, try SiteKey.generate(site: $0)) })
    var limits = LinkLimits()
    change(&limits)
    receiver = LinkReceiver(
      archive: archive, sites: try Self.registry(keys), limits: limits, version: "1.2.3", logger: Self.logger,
      clock: { clock.now })
  }

  deinit {
    receiver.close()
    try? archive.close()
    try? FileManager.default.removeItem(atPath: folder)
  }

  static func registry(_ keys: [String: SiteKey]) throws -> SiteRegistry {
    try SiteRegistry(keys.values.map { .init(key: $0, title: "Centre de \($0.site)") })
  }

  /// The receiver as it is after a restart of the hub's program: the archive knows what it has, no session is known.
  func restarted() throws -> LinkReceiver {
    LinkReceiver(archive: archive, sites: try Self.registry(keys), version: "1.2.3", logger: Self.logger)
  }

  func site(_ name: String = "MIDELT", to receiver: LinkReceiver? = nil) async throws -> TestSite {
    try await TestSite(key: #require(keys[name]), receiver: receiver ?? self.receiver)
  }

  /// The bytes of a whole instance; nil when there is none.
  func kept(_ object: ArrivingObject) async throws -> [UInt8]? {
    let records = try await archive.instances(
      study: UID(rawValue: object.study), instance: UID(rawValue: object.instance))
    guard let record = records.first, record.arrival == nil else { return nil }
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: archive.path(of: record))))
  }
}

/// A site that speaks the protocol by hand.
struct TestSite {
  let signer: LinkSigner
  let receiver: LinkReceiver
  private(set) var session = ""
  var number: UInt64 = 0

  init(key: SiteKey, receiver: LinkReceiver) async throws {
    signer = LinkSigner(key: key)
    self.receiver = receiver
    try await open()
  }

  mutating func open() async throws {
    let nonce = LinkSigner.nonce()
    let request = try hello(nonce)
    let response = await receiver.answer(request)
    try #require(response.status == 200)
    try #require(isSigned(response, session: nonce, number: 0))
    session = try JSONDecoder().decode(LinkWelcome.self, from: Data(response.body)).session
    number = 0
  }

  func hello(_ nonce: String) throws -> LinkRequest {
    let body = [UInt8](try JSONEncoder().encode(LinkHello(nonce: nonce, software: "1.2.3")))
    return request(LinkProtocol.sessionPath, session: nonce, number: 0, body)
  }

  func request(_ path: String = LinkProtocol.batchPath, session: String, number: UInt64, _ body: [UInt8])
    -> LinkRequest
  {
    let header = signer.header(method: "POST", path: path, session: session, number: number, body: body)
    return LinkRequest(method: "POST", path: path, headers: ["rekkas-link": header], body: body)
  }

  func isSigned(_ response: LinkResponse, session: String, number: UInt64) -> Bool {
    signer.believes(
      status: response.status, body: response.body, mac: response.headers[LinkProtocol.answerHeader], session: session,
      number: number)
  }

  /// The next request of the session.
  mutating func next(_ body: [UInt8]) -> LinkRequest {
    number += 1
    return request(session: session, number: number, body)
  }

  /// Sends records and gives the answer, which must be the hub's own.
  mutating func send(_ records: BatchRecord...) async throws -> LinkAnswer {
    try await send(batch: try BatchWriter.make(records)).answer
  }

  mutating func send(batch: [UInt8]) async throws -> (status: Int, answer: LinkAnswer) {
    let response = await receiver.answer(next(batch))
    try #require(isSigned(response, session: session, number: number))
    return (response.status, try response.answer())
  }
}

extension LinkResponse {
  func answer() throws -> LinkAnswer { try JSONDecoder().decode(LinkAnswer.self, from: Data(body)) }
}

/// An object on its way: a small DICOM file and its announcement.
struct Traveller: Sendable {
  let bytes: [UInt8]
  let object: ArrivingObject

  /// - Parameters:
  ///   - number: makes the SOP Instance UID, and the pixels unless `fill` does.
  ///   - side: of the picture, in pixels of 16 bit.
  static func make(_ number: Int, study: Int = 1, side: Int = 16, fill: UInt8? = nil) -> Traveller {
    var writer = DataSetWriter()
    writer.uid(.sopClassUID, SOPClass.ctImageStorage)
    writer.uid(.sopInstanceUID, UID(rawValue: "2.25.\(study).1.\(number)"))
    writer.string(.modality, .cs, "CT")
    writer.string(.patientName, .pn, "Essai^\(study)")
    writer.string(.patientID, .lo, "P\(study)")
    writer.uid(.studyInstanceUID, UID(rawValue: "2.25.\(study)"))
    writer.uid(.seriesInstanceUID, UID(rawValue: "2.25.\(study).1"))
    writer.string(.instanceNumber, .is, "\(number)")
    writer.uint16(.samplesPerPixel, [1])
    writer.string(.photometricInterpretation, .cs, "MONOCHROME2")
    writer.uint16(.rows, [UInt16(side)])
    writer.uint16(.columns, [UInt16(side)])
    writer.uint16(.bitsAllocated, [16])
    writer.uint16(.bitsStored, [16])
    writer.uint16(.highBit, [15])
    writer.uint16(.pixelRepresentation, [0])
    let pixels = (0..<2 * side * side).map { fill ?? UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
    writer.bytes(.pixelData, .ow, pixels)
    let bytes = writer.file(transferSyntax: .explicitVRLittleEndian)
    let digest = Hex.text(Crypto.SHA256.hash(data: bytes))
    let header = bytes.count - pixels.count
    return Traveller(
      bytes: bytes,
      object: ArrivingObject(
        digest: digest, receivedDigest: digest, size: bytes.count, study: "2.25.\(study)", series: "2.25.\(study).1",
        instance: "2.25.\(study).1.\(number)", sopClass: SOPClass.ctImageStorage.rawValue,
        transferSyntax: TransferSyntax.explicitVRLittleEndian.uid.rawValue, header: header,
        frames: [[header, pixels.count]], isLadder: false))
  }

  var name: UInt64 { object.shortName ?? 0 }

  var header: BatchRecord {
    .headers([BatchHeader(object: name, bytes: bytes[..<object.header])])
  }

  func segment(_ range: Range<Int>) -> BatchRecord {
    .segment(BatchSegment(object: name, offset: range.lowerBound, bytes: bytes[range]))
  }

  /// All behind the header.
  var rest: BatchRecord { segment(object.header..<bytes.count) }
}
