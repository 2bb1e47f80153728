import Metrics

/// What the DICOM door counts, made once: looking a metric up costs more than counting.
///
/// Labels carry no unit or "_total": whoever writes them out knows the kind of a metric and adds it.
struct DIMSEMetrics: Sendable {
  let associationsOpen = Meter(label: "rekkas_dimse_associations_open")
  let associationsAccepted = Counter(label: "rekkas_dimse_associations", dimensions: [("outcome", "accepted")])
  let associationsRejected = Counter(label: "rekkas_dimse_associations", dimensions: [("outcome", "rejected")])
  let associationsBroken = Counter(label: "rekkas_dimse_associations", dimensions: [("outcome", "broken")])
  let bytesReceived = Counter(label: "rekkas_dimse_received_bytes")
  let echoes = Counter(label: "rekkas_dimse_echoes")
  /// From the C-STORE request to the answer on its way: receiving, storing and flushing.
  let storeDuration = Timer(label: "rekkas_dimse_store_duration")
  private let stored = Counter(label: "rekkas_dimse_instances", dimensions: [("outcome", "stored")])
  private let duplicates = Counter(label: "rekkas_dimse_instances", dimensions: [("outcome", "duplicate")])
  private let refused: [Refusal.Reason: Counter] = Dictionary(
    uniqueKeysWithValues: Refusal.Reason.allCases.map { reason in
      (reason, Counter(label: "rekkas_dimse_instances", dimensions: [("outcome", reason.rawValue)]))
    })

  func count(_ result: StorageProvider.Result) {
    switch result {
    case .stored: stored.increment()
    case .duplicate: duplicates.increment()
    case .refused(let refusal): refused[refusal.reason]?.increment()
    }
  }
}
