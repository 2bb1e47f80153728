import Metrics

/// What is measured of objects that come in pieces.
struct ArrivalMetrics: Sendable {
  /// Objects under way.
  let open = Gauge(label: "rekkas_arrivals_open")
  /// Bytes that were announced and are not here.
  let wanting = Gauge(label: "rekkas_arrivals_wanting_bytes")
  /// Objects of which no byte has come for 45 days, as of the last look: at the start, and once an hour while something comes.
  let abandoned = Gauge(label: "rekkas_arrivals_abandoned")
  /// Bytes written into place; what came a second time is not counted.
  let bytes = Counter(label: "rekkas_arrivals_bytes")
  /// Bytes that came although they were here.
  let repeatedBytes = Counter(label: "rekkas_arrivals_repeated_bytes")
  let flush = Metrics.Timer(label: "rekkas_arrivals_flush_duration")
  /// Objects that one flush made durable.
  let flushObjects = Recorder(label: "rekkas_arrivals_flush_objects")
  /// Reading an object again for its digest.
  let proof = Metrics.Timer(label: "rekkas_arrivals_proof_duration")
  let whole = Counter(label: "rekkas_arrivals_whole")
  /// Objects whose bytes were not those of their digest.
  let damaged = Counter(label: "rekkas_arrivals_damaged")

  func refused(_ reason: ArrivalAnswer.Reason) -> Counter {
    Counter(label: "rekkas_arrivals_refused", dimensions: [("reason", reason.rawValue)])
  }
}
