import Metrics

/// What the preparation measures.
struct PreparationMetrics: Sendable {
  let prepared = Counter(label: "rekkas_preparation_prepared")
  /// Of what was prepared, before and after.
  let receivedBytes = Counter(label: "rekkas_preparation_received_bytes")
  let preparedBytes = Counter(label: "rekkas_preparation_prepared_bytes")
  /// From the first look at an object to its switched row, pauses included.
  let duration = Metrics.Timer(label: "rekkas_preparation_duration")
  let encoding = Metrics.Timer(label: "rekkas_preparation_encoding_duration")
  let proof = Metrics.Timer(label: "rekkas_preparation_proof_duration")
  /// Times the system failed (disk, memory): the object is tried again.
  let failures = Counter(label: "rekkas_preparation_failures")
  /// Objects under way.
  let running = Gauge(label: "rekkas_preparation_running")
  /// Received files that have been replaced and stay for their time, or for their readers.
  let superseded = Gauge(label: "rekkas_preparation_superseded_files")

  /// Objects that stay as they were received, for a reason.
  func untouched(_ code: String) -> Counter {
    Counter(label: "rekkas_preparation_untouched", dimensions: [("code", code)])
  }

  /// Objects that could not be prepared or proven: an alarm.
  func refused(_ code: String) -> Counter {
    Counter(label: "rekkas_preparation_refused", dimensions: [("code", code)])
  }
}
