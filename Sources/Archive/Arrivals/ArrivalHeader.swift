import DICOM
import Foundation

/// Reads what the part of a file before its frames says of an instance.
enum ArrivalHeader {
  struct Unusable: Error, CustomStringConvertible {
    let description: String
  }

  /// The index entry of an instance that is still coming. The header's bytes must be in the file.
  static func entry(of arrival: OpenArrival, path: String) throws(Unusable) -> IndexEntry {
    let head = try head(of: arrival.object, path: path)
    let entry = IndexEntry(
      head, digest: arrival.digest, received: arrival.name.received, size: arrival.object.size,
      receipt: Receipt(channel: .link, peerAddress: arrival.site), arrivingFrames: arrival.object.frames.count)
    try check(entry, arrival.object)
    return entry
  }

  private static func head(of object: ArrivingObject, path: String) throws(Unusable) -> ParsedObject {
    var bytes = [UInt8](repeating: 0, count: object.header)
    do {
      let file = try SystemFile(path, O_RDONLY)
      let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
      guard count == bytes.count else { throw Unusable(description: "\(count) of \(bytes.count) bytes are there") }
      return try ObjectHead.parse(ObjectBytes(bytes)).object
    } catch let failure as ParseFailure {
      throw Unusable(description: "the header is not that of a DICOM object: \(failure.reason)")
    } catch {
      throw Unusable(description: "the header cannot be read: \(error)")
    }
  }

  /// Whether an object is the one that was announced.
  static func check(_ entry: IndexEntry, _ object: ArrivingObject) throws(Unusable) {
    let pairs: [(String, String, String)] = [
      ("Study Instance UID", object.study, entry.identity.studyInstanceUID.rawValue),
      ("Series Instance UID", object.series, entry.identity.seriesInstanceUID.rawValue),
      ("SOP Instance UID", object.instance, entry.identity.sopInstanceUID.rawValue),
      ("SOP Class UID", object.sopClass, entry.identity.sopClassUID.rawValue),
      ("transfer syntax", object.transferSyntax, entry.transferSyntax.rawValue),
    ]
    for (name, announced, actual) in pairs where announced != actual {
      throw Unusable(description: "the site announced \(name) \(announced), the object says \(actual)")
    }
  }
}
