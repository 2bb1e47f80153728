import Archive
import DICOM
import HTTPTypes
import Hummingbird
import Imaging
import NIOHTTP1

/// The one place where an error of any room becomes an HTTP status.
extension WebFailure {
  init(_ error: any Error) {
    switch error {
    case let failure as WebFailure: self = failure
    case let failure as StoreFailure: self.init(failure)
    case is ArrivalFailure:
      self.init(
        status: .serviceUnavailable,
        message: "What is here of this image cannot be drawn at the moment; the log says why.",
        headers: [.retryAfter: "60"])
    case let failure as RenderFailure: self.init(failure)
    case let failure as MultipartFailure: self.init(failure)
    case is SegmentFailure:
      self.init(
        status: .internalServerError,
        message:
          "The stored object cannot be read. The administrator can run `rekkas verify`, which finds and repairs what it can."
      )
    case let failure as any HTTPResponseError:
      self.init(
        status: failure.status,
        message: failure.status == .notFound ? "Nothing lies at this address." : failure.status.reasonPhrase)
    case is CancellationError:
      self.init(
        status: .serviceUnavailable, message: "The service is stopping. Try again in a moment.",
        headers: [.retryAfter: "5"])
    default:
      self.init(status: .internalServerError, message: "Something failed inside the service; its log says what.")
    }
  }

  private init(_ failure: MultipartFailure) {
    let message =
      switch failure {
      case .badBoundary: "Content-Type needs a boundary of 1 to 200 printable ASCII characters."
      case .noParts:
        "The body holds no part. Each instance is one part, opened by a line with two hyphens and the boundary."
      case .unfinished:
        "The body ended before its closing boundary: what was not complete is not stored. Send it again."
      case .headersTooLong: "The header block of a part is longer than 16 KB."
      case .tooManyParts: "The body holds too many parts. Send them in several requests."
      }
    self = .badRequest(message)
  }
}

extension APIFailure {
  init(_ error: any Error) {
    switch error {
    case let failure as APIFailure: self = failure
    case CaseFailure.unknown: self.init(.unknownCase)
    case CaseFailure.unknownStudy: self.init(.unknownStudy)
    case CaseFailure.invalid(let field, _): self.init(.invalid, field: field)
    case CaseFailure.changed(let revision): self.init(.changed, revision: revision)
    case CaseFailure.foreign: self.init(.foreign)
    case CaseFailure.numbersUsedUp: self.init(.numbersUsedUp)
    case is WebFailure: self.init(.unknownStudy)
    default: self.init(.unavailable)
    }
  }

  var status: HTTPResponse.Status {
    switch code {
    case .unknownCase, .unknownStudy, .unknownArrival: .notFound
    case .invalid: .unprocessableContent
    case .malformed: .badRequest
    case .tooLarge: .contentTooLarge
    case .notJSON: .unsupportedMediaType
    case .changed: .preconditionFailed
    case .revisionMissing: .preconditionRequired
    case .foreign, .noConsent, .otherOrigin: .forbidden
    case .numbersUsedUp: .init(code: 507, reasonPhrase: "Insufficient Storage")
    case .unavailable: .serviceUnavailable
    }
  }
}

extension WebFailure {
  fileprivate init(_ failure: StoreFailure) {
    switch failure.code {
    case .outOfResources:
      self.init(
        status: .serviceUnavailable,
        message: "The disk has reached its reserve: nothing new is taken until there is room.",
        headers: [.retryAfter: "60"])
    case .cannotStore:
      self.init(
        status: .serviceUnavailable, message: "The archive takes nothing at the moment; its log says why.",
        headers: [.retryAfter: "60"])
    case .conflict: self.init(status: .conflict, message: "Another object has the same SOP Instance UID.")
    case .mismatch: self.init(status: .conflict, message: "The object is not the one that was announced.")
    case .unparsable: self.init(status: .badRequest, message: "The bytes are no DICOM object that can be read.")
    }
  }

  fileprivate init(_ failure: RenderFailure) {
    switch failure {
    case .noPixelData: self.init(status: .notFound, message: "This object has no pixels to draw.")
    case .frameOutOfRange(let count):
      self.init(status: .notFound, message: "There is no such frame: the instance has \(count).")
    case .unsupportedTransferSyntax(let uid):
      self.init(
        status: .notAcceptable,
        message: "Transfer syntax \(uid) cannot be decoded here. Fetch the object as it is stored: transfer-syntax=*.")
    case .cannotEncode(let uid):
      self.init(
        status: .notAcceptable,
        message:
          "This image cannot be written in transfer syntax \(uid). Available: transfer-syntax=* (as stored), transfer-syntax=\(TransferSyntax.explicitVRLittleEndian.uid), transfer-syntax=\(TransferSyntax.rleLossless.uid)."
      )
    case .emptyRegion: self.init(status: .badRequest, message: "The viewport's source region lies outside the image.")
    case .tooLarge:
      self.init(status: .contentTooLarge, message: "The picture is larger than the limit: ask for a smaller viewport.")
    case .overloaded, .unavailable:
      self.init(
        status: .serviceUnavailable, message: "Too many pictures are being drawn. Try again in a moment.",
        headers: [.retryAfter: "2"])
    case .undecodable, .crashed, .timedOut:
      self.init(
        status: .unprocessableContent,
        message:
          "The pixels of this object cannot be decoded. The object itself can be fetched as it is stored: transfer-syntax=*."
      )
    case .unencodable, .unreadable, .missing:
      self.init(status: .internalServerError, message: "The picture could not be made; the log says why.")
    }
  }
}
