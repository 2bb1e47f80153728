import Archive
import Foundation

/// What the order must know of a study before its objects are loaded.
struct QueuedStudy: Sendable, Hashable {
  var uid: String
  var urgency: Urgency
  var storedAt: Date
  /// Objects that wait, for planning the memory.
  var waiting: Int
  var caseNumber: String?
  /// More images are coming or being prepared: its manifest is not worth a request of its own yet.
  var isGrowing = false
  /// Says whether the manifest that the hub has is still right; nil when there is none to send.
  var manifest: StudyManifest?
}
