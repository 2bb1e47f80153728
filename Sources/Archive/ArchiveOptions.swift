import DICOM

/// How an archive keeps its objects: where, how safely, and with which limits.
public struct ArchiveOptions: Sendable {
  /// The folder that holds everything: objects, journal, index, quarantine and arriving files, on one file system.
  public var directory: String

  /// Whether an object is on the disk before its sender hears "success".
  ///
  /// With `false` nothing is flushed before the answer: the archive survives the end of the process, but a power cut
  /// loses what came in the last seconds, acknowledged or not. Start-up finds such losses and takes the lost objects
  /// out of the index, so that their senders may send them again.
  public var durable = true

  /// Free bytes on the disk below which nothing new is taken.
  ///
  /// Example: 1 GiB leaves the database and the system room to work while the administrator is called.
  public var diskReserve = 1 << 30

  /// Bytes of one journal segment; a checkpoint runs whenever one is full. At least 4 MiB.
  public var journalSegmentSize = 64 << 20

  /// How many journal segments may exist: what is written while a checkpoint runs. At least 2.
  public var journalSegments = 4

  /// Bytes of one arriving object that are kept in memory; a longer object goes to a file while it arrives.
  public var spoolMemoryLimit = Spool.defaultMemoryLimit

  /// How long no object may have come before those that lie in the journal get their files.
  var pauseBeforeFiles = Duration.milliseconds(50)

  /// Threads that store for callers that must not block (the asynchronous `store`).
  public var asyncStoreThreads = 16

  /// How received images are prepared in the background; nil leaves everything as it was received.
  public var preparation: PreparationOptions?

  /// The place that opens cases here: the name by which the hub knows a site.
  public var site = "HUB"

  /// Begins the numbers of cases: 2 to 6 capital letters and digits, of this place alone. nil: the letters and digits of ``site``.
  public var siteCode: String?

  /// What becomes of images that come from somewhere; the first that fits is taken.
  public var caseRules: [CaseRule] = []

  /// Whether every stored object is queued for the link to the hub: at a site.
  public var queuesForLink = false

  /// When no image of a study has come for so long it counts as complete, if nobody has said so before.
  public var sealAfter = Duration.seconds(1800)

  /// How long objects that the hub has whole stay here; a full disk makes it shorter. nil: for ever.
  public var keepSentFor: Duration? = .seconds(7 * 86400)

  /// Options with the defaults for an archive in `directory`.
  public init(directory: String) { self.directory = directory }
}
