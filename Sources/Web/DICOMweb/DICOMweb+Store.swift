import Archive
import DICOM
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import NIOCore

/// STOW-RS (PS3.18 §10.5).
extension DICOMweb {
  /// Bytes handed to a thread at once: few enough hops for a fast sender, little memory for a slow one.
  private static let intakePiece = 1 << 18

  func store(_ request: Request, _ context: WebContext) async throws -> Response {
    let study = context.parameters.get("study") == nil ? nil : try ResourceScope(context).study
    let mediaType = try jsonType(accepted(request, QueryString(request.uri.query)))
    let announced = request.headers[.contentLength].flatMap { Int($0) }
    if let announced, announced > limits.storeRequestSize {
      throw WebFailure(
        status: .contentTooLarge, message: "A request may bring at most \(limits.storeRequestSize) bytes.")
    }
    let receipt = Receipt(channel: .stow, peerAddress: context.peerAddress, expectedStudyInstanceUID: study)
    let intake = try StoreIntake(
      archive: archive, boundary: try Self.boundary(request), receipt: receipt, limits: limits)
    let report = try await take(request.body, intake, receipt, announced: announced)

    for failure in report.failed {
      context.logger.notice(
        "An instance was not stored", metadata: ["reason": "\(failure.status)", "detail": "\(failure.text)"])
    }
    Counter(label: "rekkas_stow_instances", dimensions: [("result", "stored")]).increment(by: report.stored.count)
    Counter(label: "rekkas_stow_instances", dimensions: [("result", "failed")]).increment(by: report.failed.count)
    if report.stored.isEmpty, report.failed.isEmpty { throw report.broken ?? MultipartFailure.noParts }
    let base = addresses.base(for: request)
    var response = Response(
      status: report.httpStatus, body: ResponseBody(byteBuffer: ByteBuffer(string: report.json(base: base))))
    response.headers[.contentType] = mediaType
    response.headers[.cacheControl] = "no-store"
    if report.httpStatus == .serviceUnavailable { response.headers[.retryAfter] = "60" }
    return response
  }

  /// Reads the body to its end, storing what has arrived while the rest still comes.
  ///
  /// Reading waits while `concurrentStores` objects are being stored: the sender is held back, memory is not filled.
  private func take(_ body: RequestBody, _ intake: StoreIntake, _ receipt: Receipt, announced: Int?) async throws
    -> StoreReport
  {
    var report = StoreReport()
    let archive = archive
    let threads = intakeThreads
    try await withThrowingTaskGroup(of: Result<InstanceIdentity, StoreReport.Failure>.self) { group in
      var running = 0
      func begin(_ parts: [StoreIntake.Part]) async throws {
        for part in parts {
          switch part {
          case .refused(let failure): report.failed.append(failure)
          case .object(let spool, let sopClass, let sopInstance):
            if running >= limits.concurrentStores, let done = try await group.next() {
              report.add(done)
              running -= 1
            }
            running += 1
            group.addTask {
              do {
                return .success(try await archive.store(spool, receipt: receipt).identity)
              } catch {
                return .failure(StoreReport.Failure(error, sopClass: sopClass, sopInstance: sopInstance))
              }
            }
          }
        }
      }

      do {
        var pending: [ByteBuffer] = []
        var bytes = 0
        for try await buffer in body {
          pending.append(buffer)
          bytes += buffer.readableBytes
          guard bytes >= Self.intakePiece else { continue }
          let batch = pending
          pending = []
          bytes = 0
          try await begin(try await threads.runIfActive { try intake.receive(batch) })
        }
        let rest = pending
        // In two steps: a body that breaks off must not take the parts before the break with it.
        try await begin(try await threads.runIfActive { try intake.receive(rest) })
        try await begin(try await threads.runIfActive { try intake.finish(announced: announced) })
      } catch let failure as MultipartFailure {
        // What came whole before the break is stored and is said to be; the answer as a whole is an error.
        report.broken = failure
      }
      for try await done in group { report.add(done) }
    }
    return report
  }

  /// The boundary of a multipart body; nil for a bare `application/dicom`, which some scripts send.
  static func boundary(_ request: Request) throws(WebFailure) -> String? {
    let unsupported = WebFailure(
      status: .unsupportedMediaType,
      message:
        "Send multipart/related; type=\"application/dicom\"; boundary=…, one DICOM file per part (or one bare application/dicom)."
    )
    guard let type = request.headers[.contentType].flatMap({ MediaRange($0) }) else { throw unsupported }
    if type.essence == DICOMMediaType.dicom { return nil }
    let root = type.values(of: "type").first.flatMap { MediaRange($0) }?.essence ?? DICOMMediaType.dicom
    guard type.essence == "multipart/related", root == DICOMMediaType.dicom else { throw unsupported }
    guard let boundary = type.values(of: "boundary").first else {
      throw .badRequest("Content-Type lacks its boundary.")
    }
    return boundary
  }
}

extension StoreReport.Failure: Error {}

extension StoreReport {
  fileprivate mutating func add(_ result: Result<InstanceIdentity, Failure>) {
    switch result {
    case .success(let identity): stored.append(identity)
    case .failure(let failure): failed.append(failure)
    }
  }
}
