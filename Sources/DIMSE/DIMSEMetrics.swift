import Metrics

/// What the DICOM door counts, made once: looking a metric up costs more than counting.
struct DIMSEMetrics: Sendable {
  let associationsOpen = Meter(label: "rekkas_dimse_associations_open")
  let associationsAccepted = Counter(label: "rekkas_dimse_associations_total", dimensions: [("outcome", "accepted")])
  let associationsRejected = Counter(label: "rekkas_dimse_associations_total", dimensions: [("outcome", "rejected")])
  let associationsBroken = Counter(label: "rekkas_dimse_associations_total", dimensions: [("outcome", "broken")])
  let bytesReceived = Counter(label: "rekkas_dimse_received_bytes_total")
  let echoes = Counter(label: "rekkas_dimse_echoes_total")
  /// From the C-STORE request to the answer on its way: receiving, storing and flushing.
  let storeDuration = Timer(label: "rekkas_dimse_store_duration_seconds")
  private let stored = Counter(label: "rekkas_dimse_instances_total", dimensions: [("outcome", "stored")])
  private let duplicates = Counter(label: "rekkas_dimse_instances_total", dimensions: [("outcome", "duplicate")])
  private let refused: [Refusal.Reason: Counter] = Dictionary(
    uniqueKeysWithValues: Refusal.Reason.allCases.map { reason in
      (reason, Counter(label: "rekkas_dimse_instances_total", dimensions: [("outcome", reason.rawValue)]))
    })

  func count(_ result: StorageProvider.Result) {
    switch result {
    case .stored: stored.increment()
    case .duplicate: duplicates.increment()
    case .refused(let refusal): refused[refusal.reason]?.increment()
    }
  }
}
