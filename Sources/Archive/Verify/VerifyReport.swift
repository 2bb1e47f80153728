/// What a whole check of an archive found and mended.
public struct VerifyReport: Sendable, Hashable, Codable {
  /// Objects whose bytes were read.
  public var objectsRead = 0
  /// Bytes read.
  public var bytesRead = 0
  /// Good objects that had no row in the index, and have one now.
  public var rowsAdded = 0
  /// Objects whose bytes are not those of their digest; they are in the quarantine, and their rows are gone.
  public var corrupt = 0
  /// Rows whose object is nowhere; the rows are gone, so that the objects can be sent again.
  public var missing = 0
  /// Good objects that cannot join the index (another object has their SOP Instance UID); they are in the quarantine.
  public var conflicting = 0
  /// Files for which others stand, proven equal: received ones that were to go, prepared ones that never took their places. They are gone.
  public var leftovers = 0
  /// Objects whose prepared file was lost or damaged, while the received one was still there: it has its place again.
  public var restored = 0
  /// Files that are no objects: left alone.
  public var strangers = 0
  /// Whether nothing was wrong.
  public var isClean: Bool { rowsAdded + corrupt + missing + conflicting + restored == 0 }
}

/// How far a check has come.
public struct VerifyProgress: Sendable, Hashable {
  public let objectsRead: Int
  public let bytesRead: Int
  /// Objects the index knows; 0 when the index was lost.
  public let objectsExpected: Int
}
