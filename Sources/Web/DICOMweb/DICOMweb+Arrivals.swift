import Archive
import DICOM
import HTTPTypes
import Hummingbird
import Imaging

/// Instances that come over a thin link and are not all here.
///
/// Pictures are drawn from what is there, and say so; exact bytes are not given before they are proven. Whoever looks at such an instance
/// has its site hear of it.
extension DICOMweb {
  /// After so many seconds it may be worth asking again: a site hears of a wish with its next answer.
  static let retryAfter = "10"

  /// Has the site of an instance, a series or a study hear that somebody looks at it. Costs nothing when all is here.
  func demand(_ scope: ResourceScope, frame: Int? = nil) {
    archive.arrivals.demand(
      LinkDemand(
        study: scope.study.rawValue, series: scope.series?.rawValue, instance: scope.instance?.rawValue, frame: frame))
  }

  /// Refuses to give exact bytes of what is not proven.
  func requireWhole(_ records: [InstanceRecord], frame: Int? = nil) throws(WebFailure) {
    guard let first = records.first(where: { $0.arrival != nil }) else { return }
    var scope = first.scope
    if records.count > 1 {
      let series = Set(records.map(\.seriesInstanceUID))
      scope = ResourceScope(study: first.studyInstanceUID, series: series.count == 1 ? series.first : nil)
    }
    demand(scope, frame: frame)
    let count = records.count { $0.arrival != nil }
    throw WebFailure(
      status: .serviceUnavailable,
      message: records.count == 1
        ? "This instance is still on its way from its site. Pictures of what is here: /rendered and /thumbnail."
        : "\(count) of \(records.count) instances are still on their way from their site.",
      headers: [.retryAfter: Self.retryAfter])
  }

  /// What a picture of an instance is drawn from.
  enum Drawable: Sendable {
    /// All of it is here.
    case whole(InstanceRecord)
    /// What is here of it.
    case arriving(InstanceRecord, ArrivalPreview)

    /// Names the bytes that are drawn: another when more is here, and when the received file has gone, from which a smaller picture is
    /// another average.
    var digest: String {
      switch self {
      case .whole(let record): record.layers != nil && record.hasReceivedFile ? record.digest + "+" : record.digest
      case .arriving(_, let preview): preview.key
      }
    }

    /// For the header that tells readers.
    var stage: String {
      switch self {
      case .whole: "original"
      case .arriving(_, let preview): "preview; layers=\(preview.layers)/\(preview.allLayers)"
      }
    }
  }

  /// Thumbnails of ladders are drawn from no more than it takes for this.
  static let enoughForThumbnail = 16_000

  /// What there is of a frame (from 0); fails with 503 when that is nothing yet.
  func drawable(_ record: InstanceRecord, frame: Int, isThumbnail: Bool = false) async throws -> Drawable {
    if record.arrival == nil { return .whole(record) }
    if !isThumbnail { demand(record.scope, frame: frame) }
    var record = record
    for _ in 0..<2 {
      let (arrivals, known) = (archive.arrivals, record)
      let preview = try await streamer.threads.runIfActive {
        try arrivals.preview(of: known, frame: frame, enough: isThumbnail ? Self.enoughForThumbnail : .max)
      }
      if let preview { return .arriving(record, preview) }
      // It may have become whole since the record was read.
      guard let current = try await archive.current(record) else { throw WebFailure.notFound("instance") }
      if current.arrival == nil { return .whole(current) }
      if current.arrival == record.arrival { break }
      record = current
    }
    if isThumbnail { demand(record.scope, frame: frame) }
    throw WebFailure(
      status: .serviceUnavailable, message: "The image is on its way from its site; nothing of it can be drawn yet.",
      headers: [.retryAfter: Self.retryAfter])
  }

  /// Draws from what there is.
  func drawing<R>(_ drawable: Drawable, _ draw: (PictureSource) async throws -> R) async throws -> R {
    switch drawable {
    case .whole(let record): return try await drawing(record, draw)
    case .arriving(let record, let preview):
      do {
        // Foreign, as everything that came over a link: for the workers.
        return try await draw(PictureSource(path: preview.path, digest: preview.key))
      } catch RenderFailure.missing {
        // Others took its room.
        guard let again = try await remade(preview, of: record) else { throw RenderFailure.missing }
        return try await draw(PictureSource(path: again.path, digest: again.key))
      }
    }
  }

  private func remade(_ preview: ArrivalPreview, of record: InstanceRecord) async throws -> ArrivalPreview? {
    let arrivals = archive.arrivals
    return try await streamer.threads.runIfActive {
      try arrivals.preview(of: record, frame: preview.frame, enough: preview.bytes)
    }
  }
}

extension InstanceRecord {
  /// Whether a picture of a frame (from 0) can be drawn now.
  func canDraw(frame: Int) -> Bool { arrival?.canDraw(frame: frame) ?? true }

  /// Names what a picture of a frame is drawn from.
  func version(ofFrame frame: Int) -> String {
    arrival.map { "\(digest)-\($0.layers(ofFrame: frame).here)" } ?? digest
  }

  /// Names what there is to know of the instance: its digest, and whether it is all here.
  var version: String { arrival == nil ? digest : digest + "…" }
}

extension MetadataRecord {
  /// As that of the instance's record.
  var version: String { isArriving ? digest + "…" : digest }
}

extension HTTPField.Name {
  /// What a picture was drawn from: `original`, or `preview; layers=2/5`.
  static let rekkasStage = HTTPField.Name("Rekkas-Stage")!
}
