import Archive
import DICOM
import Hummingbird
import Imaging
import NIOPosix

/// The DICOMweb services over an archive (PS3.18): what every route needs.
struct DICOMweb: Sendable {
  static let root = "/dicom-web"

  let archive: Archive
  /// For whole files and frames that only a worker process may decode.
  let renderPool: RenderPool
  /// For pictures, and for all that our own prepared objects are decoded for.
  let pictures: Pictures
  let addresses: PublicAddress
  let streamer: BodyStreamer
  /// Where the bytes of STOW requests are taken: spools write files.
  let intakeThreads: NIOThreadPool
  let limits: WebLimits
  let temporaryDirectory: String
  let metadataCache: BoundedCache<MetadataKey, AssembledMetadata>
  let thumbnailCache: BoundedCache<ThumbnailKey, Thumbnail>
  let pictureCache: BoundedCache<PictureKey, RenderedImage>
  /// Tells one profile's thumbnails from another's.
  let profileFingerprint: String

  init(archive: Archive, renderPool: RenderPool, addresses: PublicAddress, configuration: WebConfiguration) {
    self.archive = archive
    self.renderPool = renderPool
    pictures = Pictures(pool: renderPool, profile: configuration.profile)
    profileFingerprint = configuration.profile.map { EntityTag(folding: [String(describing: $0)], salt: "").text } ?? ""
    self.addresses = addresses
    limits = configuration.limits
    temporaryDirectory = configuration.temporaryDirectory
    streamer = BodyStreamer(threadCount: 4)
    intakeThreads = NIOThreadPool(numberOfThreads: 4)
    intakeThreads.start()
    metadataCache = BoundedCache(capacity: limits.metadataCache) { $0.size }
    pictureCache = BoundedCache(capacity: limits.pictureCache) { $0.bytes.count + 256 }
    thumbnailCache = BoundedCache(capacity: limits.thumbnailCache) { $0.image.bytes.count + 256 }
  }

  /// Ends the threads that requests wait for; when no request is left.
  func shutdown() async {
    try? await streamer.threads.shutdownGracefully()
    try? await intakeThreads.shutdownGracefully()
    await pictures.shutdown()
  }

  /// The instances a path names, 404 when there are none.
  func instances(_ scope: ResourceScope) async throws -> [InstanceRecord] {
    let records = try await archive.instances(study: scope.study, series: scope.series, instance: scope.instance)
    guard !records.isEmpty else { throw await missing(scope) }
    return records
  }

  /// Why nothing is here: at a site it may have been sent and removed.
  func missing(_ scope: ResourceScope) async -> WebFailure {
    let archive = archive
    guard archive.outbox.isUsed,
      let sent = try? await streamer.threads.runIfActive({ try archive.outbox.sent(study: scope.study.rawValue) })
    else { return .notFound(scope.level) }
    return WebFailure(
      status: .gone,
      message:
        "This study was sent to the hub whole (\(CaseJSON.time(sent.sentAt))) and is no longer kept here. Open it at the hub."
    )
  }

  /// Somebody looks at these: what of them waits to be prepared goes before all others.
  func prepareSoon(_ records: [InstanceRecord]) {
    guard let waiting = records.first(where: { $0.pixelData.map { !$0.isEncapsulated } ?? false }) else { return }
    archive.prepareSoon(study: waiting.studyInstanceUID)
  }

  /// Draws from the file that is kept now, which may be another than when the record was read.
  func drawing<R>(_ record: InstanceRecord, _ draw: (PictureSource) async throws -> R) async throws -> R {
    try await archive.withFile(of: record) { record, path in
      try await draw(
        PictureSource(
          path: path, digest: record.digest, layers: record.layers, decodedIn: record.decodedIn,
          received: archive.receivedPath(of: record), nativeSize: record.nativeSize))
    }
  }

  /// The entries of Accept, the query parameter `accept` first (PS3.18 §8.3.3.1); empty when nothing was said.
  func accepted(_ request: Request, _ query: QueryString) -> [MediaRange] {
    let parameter = query.values("accept").filter { !$0.isEmpty }
    let header = parameter.isEmpty ? request.headers[values: .accept] : parameter
    return MediaRange.list(header.joined(separator: ","))
  }
}

extension InstanceRecord {
  /// When frames lie uncompressed in the file.
  fileprivate var nativeSize: FrameSize? {
    guard let pixelData, !pixelData.isEncapsulated, !pixelData.isInInflatedDataSet else { return nil }
    return FrameSize(columns: columns, rows: rows)
  }

  var scope: ResourceScope {
    ResourceScope(study: studyInstanceUID, series: seriesInstanceUID, instance: sopInstanceUID)
  }
}
