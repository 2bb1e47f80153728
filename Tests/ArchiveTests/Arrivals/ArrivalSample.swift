import DICOM
import Foundation
import Imaging
import Testing

@testable import Archive

/// An object as a site has it: prepared, with the table that the site announces.
struct ArrivalSample: Sendable {
  /// As the site received it.
  let received: [UInt8]
  /// The file that travels.
  let bytes: [UInt8]
  let object: ArrivingObject

  /// A prepared slice of a phantom CT. Made once; there are twelve of 128 × 128, and a study of its own for each seed.
  static func slice(_ number: Int = 0) throws -> ArrivalSample { try slices.get()[number] }

  /// A prepared colour clip of six frames.
  static func clip() throws -> ArrivalSample { try made.get() }

  private static let slices = Result {
    let study = try PhantomStudy(kind: .ct, size: PhantomSize(columns: 128, rows: 128), count: 12, seed: 11)
    return try (0..<12).map { try prepared(study.file($0).bytes) }
  }

  private static let made = Result {
    let study = try PhantomStudy(kind: .us, size: PhantomSize(columns: 96, rows: 72), count: 6, seed: 12)
    return try prepared(study.file(0).bytes)
  }

  /// Prepares an object with many small layers, as a site would with larger ones.
  static func prepared(_ received: [UInt8]) throws -> ArrivalSample {
    let folder = try TestFolder()
    let input = folder.path + "/in"
    try Data(received).write(to: URL(filePath: input))
    var options = LadderFile.Options()
    options.layers = [400, 1200, 4000]
    let output = folder.path + "/out"
    guard case .proven(let prepared) = try LadderFile.prepare(path: input, options: options, output: output) else {
      throw ArchiveError("not prepared")
    }
    let bytes = Array(try Data(contentsOf: URL(filePath: output)))
    return try ArrivalSample(
      received: received, bytes: bytes, frames: prepared.layers.frames.map { [$0.offset] + $0.layerEnds })
  }

  /// An object that travels as it was received, its frames without layers.
  static func asReceived(_ bytes: [UInt8]) throws -> ArrivalSample {
    let object = try ParsedObject.parse(ObjectBytes(bytes))
    let frames = object.pixelData.map { location in
      (0..<location.frameCount).map { frame -> [Int] in
        let ranges = location.fragments(of: frame)
        return [ranges[0].lowerBound, ranges[ranges.count - 1].upperBound - ranges[0].lowerBound]
      }
    }
    return try ArrivalSample(received: bytes, bytes: bytes, frames: frames ?? [])
  }

  private init(received: [UInt8], bytes: [UInt8], frames: [[Int]]) throws {
    self.received = received
    self.bytes = bytes
    let parsed = try ParsedObject.parse(ObjectBytes(bytes))
    func uid(_ tag: DICOM.Tag) throws -> String { try #require(parsed.dataSet.string(tag)) }
    object = ArrivingObject(
      digest: try #require(Digest(ObjectBytes(bytes).sha256())?.hex),
      receivedDigest: try #require(Digest(ObjectBytes(received).sha256())?.hex), size: bytes.count,
      study: try uid(.studyInstanceUID), series: try uid(.seriesInstanceUID), instance: try uid(.sopInstanceUID),
      sopClass: try uid(.sopClassUID), transferSyntax: parsed.transferSyntax.uid.rawValue,
      header: frames.first?[0] ?? bytes.count, frames: frames, isLadder: frames.contains { $0.count > 2 })
  }

  var digest: String { object.digest }
  var study: UID { UID(rawValue: object.study) }

  /// The segments that a site would send: the header, each layer of each frame, and what lies between and behind.
  func segments() -> [Range<Int>] {
    var have = ByteRanges(0..<object.header)
    var segments = [0..<object.header]
    for frame in object.frames {
      var end = 0
      for next in frame.dropFirst() {
        segments.append(frame[0] + end..<frame[0] + next)
        end = next
      }
      have.insert(frame[0]..<frame[0] + end)
    }
    return segments + have.missing(upTo: object.size)
  }
}

extension Arrivals {
  /// Writes a segment of a sample.
  func write(_ sample: ArrivalSample, _ range: Range<Int>, from site: String = "MIDELT") throws {
    try sample.bytes.withUnsafeBytes {
      try write(UnsafeRawBufferPointer(rebasing: $0[range]), at: range.lowerBound, of: sample.digest, from: site)
    }
  }

  /// Announces a sample, writes segments and flushes; gives the answer to it.
  @discardableResult
  func take(
    _ sample: ArrivalSample, _ ranges: [Range<Int>]? = nil, from site: String = "MIDELT"
  ) throws -> ArrivalAnswer {
    let answer = try #require(try announce([sample.object], from: site).first)
    if answer.state == .refused { return answer }
    for range in ranges ?? sample.segments() { try write(sample, range, from: site) }
    return try #require(try flush([sample.digest], from: site).first)
  }
}

extension Archive {
  /// The bytes of an instance, as kept.
  func file(_ sample: ArrivalSample) async throws -> [UInt8] {
    let record = try await record(sample)
    return Array(try Data(contentsOf: URL(filePath: path(of: record))))
  }

  func record(_ sample: ArrivalSample) async throws -> InstanceRecord {
    let records = try await instances(study: sample.study, instance: UID(rawValue: sample.object.instance))
    return try #require(records.first)
  }
}

/// Numbers that are the same in every run.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
