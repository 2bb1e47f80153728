import Imaging

/// How the web door is set up; `Config/hub.yaml` explains each field to administrators.
public struct WebConfiguration: Sendable {
  /// Where to listen. Only loopback is accepted until there are TLS and users.
  public var address: String
  /// 0 lets the system choose one (tests).
  public var port: Int
  /// What browsers and viewers put before `/dicom-web`, such as `https://hub.example.ma`; RetrieveURL and BulkDataURI are built from it.
  public var publicURL: String?
  /// Origins whose pages may call DICOMweb from a browser; none by default.
  public var corsOrigins: [String]
  /// A folder for transcoded copies that live as long as their answer; it is emptied at start.
  public var temporaryDirectory: String
  public var limits: WebLimits
  /// Says how large thumbnails are, and which images' burned-in text they hide; nil: 128 pixels, and none.
  public var profile: CompressionProfile?
  /// Routes of other rooms.
  public var mounts: [MountedRoute] = []
  /// Whose page lies at `/`: the reader's at a hub, the staff's at a site.
  public var page: PageKind

  public init(
    address: String = "127.0.0.1", port: Int = 8080, publicURL: String? = nil, corsOrigins: [String] = [],
    temporaryDirectory: String, limits: WebLimits = WebLimits(), profile: CompressionProfile? = nil,
    page: PageKind = .reader
  ) {
    self.address = address
    self.port = port
    self.publicURL = publicURL
    self.corsOrigins = corsOrigins
    self.temporaryDirectory = temporaryDirectory
    self.limits = limits
    self.profile = profile
    self.page = page
  }
}

/// What one peer, and all of them together, may hold.
public struct WebLimits: Sendable {
  /// Connections at once; more wait in the kernel's queue.
  public var connections = 1024
  /// Bytes of one header field or of the request line, and of the whole head.
  public var headerField = 16 << 10
  public var head = 64 << 10
  /// From the connection, or the answer before, to the whole head of a request.
  public var headTimeout = Duration.seconds(30)
  /// The same for a site that was heard on this connection: longer than its heartbeats are apart, so that its next image finds it open.
  public var siteSilence = Duration.seconds(150)
  /// The longest silence of a client in the middle of a body.
  public var bodySilence = Duration.seconds(30)
  /// Bytes per second a body must bring on average once `bodySilence` has passed: 128 kbit/s is 16,000.
  public var bodyRate = 512
  /// How long a client may take nothing of an answer: 1 MB at 128 kbit/s takes a minute.
  public var writeSilence = Duration.seconds(300)
  /// Bytes of one stored instance (PS3.10 file) and of one STOW request.
  public var instanceSize = 64 << 30
  public var storeRequestSize = 256 << 30
  /// Rows of one search; further ones are asked for with `offset`.
  public var searchResults = 25_000
  /// Memory for assembled metadata, for thumbnails, and for pictures of other sizes, bytes.
  public var metadataCache = 32 << 20
  public var thumbnailCache = 16 << 20
  public var pictureCache = 32 << 20
  /// Objects of one STOW request that are being stored at once, so that they share a flush.
  public var concurrentStores = 8
  /// Bytes that the bodies of mounted routes may take together, and how long one of them may take to come.
  public var mountedBodies = 64 << 20
  public var mountedBodyTimeout = Duration.seconds(180)

  public init() {}
}
