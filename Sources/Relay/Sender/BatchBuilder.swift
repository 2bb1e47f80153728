import Archive
import Foundation

/// Makes the body of a request from a ``Parcel``: reads ranges of files, never a whole one.
struct BatchBuilder {
  /// The file of an object could not be read.
  struct Unreadable: Error {
    var digest: String
    var study: String
    var reason: String
  }

  let archive: Archive

  /// - Parameters:
  ///   - manifests: by study.
  ///   - more: records behind those of the parcel: health, what was heard.
  func build(_ parcel: Parcel, manifests: [String: StudyManifest], more: [BatchRecord]) throws
    -> (body: [UInt8], packedHeaders: Int)
  {
    var writer = BatchWriter()
    for receipt in parcel.forms {
      guard let form = try archive.cases.get(receipt.number) else { throw BuildFailure.noCase(receipt.number) }
      try writer.append(.form(form))
    }
    for study in parcel.manifests {
      guard let manifest = manifests[study] else { throw BuildFailure.noManifest }
      try writer.append(.manifest(manifest))
    }
    if !parcel.announced.isEmpty { try writer.append(.announce(parcel.announced.map(\.object.object))) }
    var packedHeaders = 0
    if !parcel.headers.isEmpty {
      var headers: [BatchHeader] = []
      for (object, part) in parcel.headers {
        let file = try ObjectFile(object, archive)
        headers.append(BatchHeader(object: object.object.shortName ?? 0, bytes: try file.read(part.range)[...]))
      }
      packedHeaders = try writer.append(.headers(headers))
    }
    var file: ObjectFile?
    for segment in parcel.segments {
      if file?.digest != segment.object.digest { file = try ObjectFile(segment.object, archive) }
      let bytes = try file!.read(segment.range)
      let name = segment.object.object.shortName ?? 0
      bytes.withUnsafeBytes { _ = writer.append(segmentOf: name, at: segment.range.lowerBound, $0) }
    }
    for record in more { try writer.append(record) }
    return (writer.finish(), packedHeaders)
  }
}

/// Why a parcel cannot be built at all.
enum BuildFailure: Error {
  case noCase(String)
  case noManifest
}

/// The open file of an object.
private final class ObjectFile {
  let digest: String
  private let study: String
  private let handle: FileHandle
  private let lease: OutboxLease

  init(_ object: QueuedObject, _ archive: Archive) throws {
    digest = object.digest
    study = object.object.study
    guard let (path, lease) = try archive.outbox.path(of: object.object) else {
      throw BatchBuilder.Unreadable(digest: digest, study: study, reason: "the file is not there")
    }
    self.lease = lease
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw BatchBuilder.Unreadable(digest: digest, study: study, reason: "the file cannot be opened: error \(errno)")
    }
    self.handle = handle
  }

  deinit { try? handle.close() }

  func read(_ range: Range<Int>) throws -> [UInt8] {
    let descriptor = handle.fileDescriptor
    var done = 0
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while done < range.count {
        let part = pread(
          descriptor, buffer.baseAddress! + done, range.count - done, off_t(range.lowerBound + done))
        if part < 0, errno == EINTR { continue }
        if part <= 0 {
          code = part < 0 ? errno : 0
          break
        }
        done += part
      }
      count = done
    }
    guard bytes.count == range.count else {
      let reason = code == 0 ? "the file is shorter than it was" : "the file cannot be read: error \(code)"
      throw BatchBuilder.Unreadable(digest: digest, study: study, reason: reason)
    }
    return bytes
  }
}
