import Metrics

/// What the archive measures. Made when an archive opens, so after the metrics system was chosen.
struct ArchiveMetrics: Sendable {
  /// From the bytes' arrival to the answer, of stored objects.
  let commit = Metrics.Timer(label: "rekkas_archive_commit_duration")
  let stored = Counter(label: "rekkas_archive_stored")
  let storedBytes = Counter(label: "rekkas_archive_stored_bytes")
  let duplicates = Counter(label: "rekkas_archive_duplicates")
  /// Objects of one study that name different patients.
  let patientConflicts = Counter(label: "rekkas_archive_patient_conflicts")
  let flush = Metrics.Timer(label: "rekkas_archive_flush_duration")
  /// Objects that one flush made safe.
  let flushBatch = Recorder(label: "rekkas_archive_flush_objects")
  /// Objects that one index transaction took.
  let indexBatch = Recorder(label: "rekkas_archive_index_objects")
  /// Stores under way.
  let queue = Gauge(label: "rekkas_archive_stores_running")
  /// Seconds since the oldest store under way began, as of the last look at the statistics; 0 when none is.
  let oldestStore = Gauge(label: "rekkas_archive_oldest_store_age_seconds")
  /// Bytes in the journal that no checkpoint has covered.
  let journalFill = Gauge(label: "rekkas_archive_journal_bytes")
  /// Times a store had to wait for a checkpoint.
  let journalWaits = Counter(label: "rekkas_archive_journal_waits")
  /// Objects whose file was made from the journal.
  let placed = Counter(label: "rekkas_archive_placed")
  let checkpoint = Metrics.Timer(label: "rekkas_archive_checkpoint_duration")
  /// Free bytes above the reserve.
  let reserveLeft = Gauge(label: "rekkas_archive_reserve_left_bytes")

  /// Entries of the quarantine made for a reason.
  func quarantined(_ reason: QuarantineReason) -> Counter {
    Counter(label: "rekkas_archive_quarantined", dimensions: [("reason", reason.rawValue)])
  }
}
