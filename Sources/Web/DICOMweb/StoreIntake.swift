import Archive
import DICOM
import NIOCore

/// Takes the body of one STOW request while it arrives and turns its parts into spools.
///
/// Every byte goes straight into a spool: memory is bounded by the spool's limit, whatever the size of a part. Blocks (a spool
/// writes files), so it is fed on a thread where that is allowed, by one caller at a time.
final class StoreIntake: @unchecked Sendable {
  // @unchecked: fed by one task, each call after the former has returned.

  /// A part that has arrived whole, or what was wrong with it.
  enum Part: Sendable {
    case object(Spool, sopClass: UID?, sopInstance: UID?)
    case refused(StoreReport.Failure)
  }

  private enum Current {
    case receiving(Spool, Part10Receiver, size: Int)
    case refused(StoreReport.Failure)
  }

  private let archive: Archive
  private let receipt: Receipt
  private let limits: WebLimits
  private var reader: MultipartReader?
  private var current: Current?
  private var received = 0

  /// - Parameter boundary: nil when the body is one bare object.
  init(archive: Archive, boundary: String?, receipt: Receipt, limits: WebLimits) throws {
    self.archive = archive
    self.receipt = receipt
    self.limits = limits
    if let boundary { reader = try MultipartReader(boundary: boundary) } else { begin() }
  }

  /// Takes the next bytes; the parts that ended in them come back.
  func receive(_ buffers: [ByteBuffer]) throws -> [Part] {
    var parts: [Part] = []
    for buffer in buffers {
      received += buffer.readableBytes
      guard received <= limits.storeRequestSize else {
        throw WebFailure(
          status: .contentTooLarge, message: "A request may bring at most \(limits.storeRequestSize) bytes.")
      }
      try buffer.withUnsafeReadableBytes { bytes in
        guard reader != nil else { return append(bytes) }
        try reader?.receive(bytes) { event in
          switch event {
          case .partBegan(let headers): begin(contentType: headers["content-type"])
          case .bytes(let bytes): append(bytes)
          case .partEnded: parts += end().map { [$0] } ?? []
          }
        }
      }
    }
    return parts
  }

  /// The body has ended. What stands unfinished is thrown away.
  ///
  /// - Parameter announced: Content-Length, where one was sent.
  func finish(announced: Int?) throws -> [Part] {
    if let reader {
      try reader.finish()
      return []
    }
    if let announced, announced != received { throw MultipartFailure.unfinished }
    return end().map { [$0] } ?? []
  }

  private func begin(contentType: String? = nil) {
    let type = contentType.flatMap { MediaRange($0) }?.essence ?? DICOMMediaType.dicom
    guard type == DICOMMediaType.dicom || type == DICOMMediaType.octets else {
      current = .refused(.init(status: .cannotUnderstand, text: "a part is \(type), not application/dicom"))
      return
    }
    do {
      let spool = try archive.makeSpool()
      current = .receiving(spool, Part10Receiver(spool: spool), size: 0)
    } catch {
      current = .refused(.init(error, sopClass: nil, sopInstance: nil))
    }
  }

  private func append(_ bytes: UnsafeRawBufferPointer) {
    guard case .receiving(let spool, var receiver, let size) = current else { return }
    current = nil  // so that the receiver is not copied with what it holds
    guard size + bytes.count <= limits.instanceSize else {
      current = .refused(
        .init(status: .outOfResources, text: "an instance is larger than \(limits.instanceSize) bytes"))
      return
    }
    do {
      try receiver.receive(bytes)
      current = .receiving(spool, receiver, size: size + bytes.count)
    } catch {
      current = .refused(.init(error, sopClass: nil, sopInstance: nil))
    }
  }

  private func end() -> Part? {
    defer { current = nil }
    switch current {
    case nil: return nil
    case .refused(let failure): return .refused(failure)
    case .receiving(let spool, var receiver, _):
      current = nil
      do {
        let identity = try receiver.finish()
        return .object(spool, sopClass: identity.sopClassUID, sopInstance: identity.sopInstanceUID)
      } catch {
        if let failure = error as? ParseFailure, spool.count > 0 {
          // Kept aside for the administrator, as the archive does with what it cannot read; the answer is the same without.
          _ = try? archive.quarantine(
            spool, receipt: receipt, reason: .unparsable(failure.code.rawValue), detail: failure.reason)
        }
        return .refused(.init(error, sopClass: nil, sopInstance: nil))
      }
    }
  }
}
