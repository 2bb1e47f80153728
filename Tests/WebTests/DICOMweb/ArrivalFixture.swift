import Archive
import DICOM
import Foundation
import HTTPTypes
import HummingbirdTesting
import Imaging
import Testing

@testable import Web

/// A prepared phantom slice on its way from a site.
struct ComingImage: Sendable {
  let bytes: [UInt8]
  let received: [UInt8]
  let object: ArrivingObject

  static func slice(_ number: Int = 0) throws -> ComingImage { try slices.get()[number] }

  /// A clip of six frames.
  static func clip() throws -> ComingImage { try made.get() }

  private static let slices = Result {
    let study = try PhantomStudy(kind: .ct, size: PhantomSize(columns: 128, rows: 128), count: 3, seed: 21)
    return try (0..<3).map { try ComingImage(study.file($0).bytes) }
  }

  private static let made = Result {
    try ComingImage(
      PhantomStudy(kind: .us, size: PhantomSize(columns: 96, rows: 72), count: 6, seed: 22).file(0).bytes)
  }

  private init(_ received: [UInt8]) throws {
    self.received = received
    let folder = NSTemporaryDirectory() + "rekkas-coming-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(received).write(to: URL(filePath: folder + "/in"))
    var options = LadderFile.Options()
    options.layers = [400, 1200, 4000]
    guard
      case .proven(let prepared) = try LadderFile.prepare(
        path: folder + "/in", options: options, output: folder + "/out")
    else { throw CancellationError() }
    bytes = Array(try Data(contentsOf: URL(filePath: folder + "/out")))
    let parsed = try ParsedObject.parse(ObjectBytes(bytes))
    func hex(_ digest: [UInt8]) -> String { digest.map { String(format: "%02x", $0) }.joined() }
    func uid(_ tag: DICOM.Tag) throws -> String { try #require(parsed.dataSet.string(tag)) }
    let frames = prepared.layers.frames.map { [$0.offset] + $0.layerEnds }
    object = ArrivingObject(
      digest: hex(prepared.digest), receivedDigest: hex(ObjectBytes(received).sha256()), size: bytes.count,
      study: try uid(.studyInstanceUID), series: try uid(.seriesInstanceUID), instance: try uid(.sopInstanceUID),
      sopClass: try uid(.sopClassUID), transferSyntax: parsed.transferSyntax.uid.rawValue, header: frames[0][0],
      frames: frames, isLadder: true)
  }

  /// `/dicom-web/studies/…`.
  var path: String { "/dicom-web/studies/\(object.study)/series/\(object.series)/instances/\(object.instance)" }

  /// The bytes before the frames, and so many layers of each.
  func ranges(layers: Int) -> [Range<Int>] {
    [0..<object.header] + (layers == 0 ? [] : object.frames.map { $0[0]..<$0[0] + $0[layers] })
  }
}

extension WebFixture {
  /// Brings bytes of an image as a site's request would.
  @discardableResult
  func bring(_ image: ComingImage, _ ranges: [Range<Int>]) throws -> ArrivalAnswer {
    let arrivals = archive.arrivals
    _ = try arrivals.announce([image.object], from: "MIDELT")
    for range in ranges {
      try image.bytes.withUnsafeBytes {
        try arrivals.write(
          UnsafeRawBufferPointer(rebasing: $0[range]), at: range.lowerBound, of: image.object.digest, from: "MIDELT")
      }
    }
    return try #require(try arrivals.flush([image.object.digest], from: "MIDELT").first)
  }

  /// What the site has been asked for since a cursor.
  func wishes(since cursor: Int? = nil) -> [LinkDemand] {
    archive.arrivals.demands(for: "MIDELT", since: cursor).demands
  }
}
