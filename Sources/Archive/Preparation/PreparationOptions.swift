import Foundation
import Imaging

/// How received images are prepared in the background.
public struct PreparationOptions: Sendable {
  /// Decides for each image whether and how.
  public var profile: CompressionProfile
  /// Threads that encode and prove, at low priority.
  public var threads = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
  /// Processors for one frame of a megapixel or more: a radiograph takes a second or two, and somebody may wait for it.
  public var threadsOfLargeFrames = 1
  /// Bytes that one frame may take while it is encoded, on each thread; larger ones stay as they were received.
  public var memoryLimit = 2 << 30
  /// How long a received file stays beside the prepared one, for pictures in full size, which are drawn from it much faster.
  /// It goes earlier, the oldest first, while the disk has less than twice its reserve. Zero: at once.
  public var keepReceivedFor = Duration.seconds(72 * 3600)
  /// The name of a site, of which every object then carries this Issuer of Patient ID, whether there is a ladder for it or not; what
  /// stood there is kept in Original Attributes Sequence. Printable ASCII, at most 64 characters. nil, at the hub: objects keep what they
  /// came with.
  public var issuerOfPatientID: String?
  /// False: nothing is prepared, but received files whose time has come are removed.
  public var prepares = true

  /// A frame is begun when no store was running for so long,
  public var quiet = Duration.milliseconds(100)
  /// or when it has waited for that so long: a trickle that never ends does not hold everything up.
  public var longestPause = Duration.seconds(5)
  /// How often an idle preparer looks whether something came though nobody told it: one look costs microseconds.
  public var lookout = Duration.milliseconds(500)
  /// How long a replaced file is kept for those who have its path and no lease.
  var removalDelay = Duration.seconds(10)
  /// How long a replaced file is kept for those who have a lease.
  var longestReading = Duration.seconds(3600)

  /// The defaults: half of the processors.
  public init(profile: CompressionProfile) { self.profile = profile }
}
