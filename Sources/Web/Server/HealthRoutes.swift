import Archive
import Foundation
import Glibc
import Hummingbird
import NIOCore
import NIOPosix

/// `/healthz` for whoever watches the service, `/metrics` for Prometheus.
struct HealthRoutes: Sendable {
  let archive: Archive
  let version: String
  let metrics: PrometheusRegistry
  let threads: NIOThreadPool

  func add(to router: Router<WebContext>) {
    router.get("/healthz") { _, _ in try await health() }
    router.get("/metrics") { _, _ in try await scrape() }
  }

  /// 200 when objects can be taken, else 503 with what is wrong.
  private func health() async throws -> Response {
    let archive = archive
    let (statistics, preparation, isWritable) = try await threads.runIfActive {
      (
        try? archive.statistics(), try? archive.preparationStatus(),
        access(archive.options.directory, W_OK | X_OK) == 0
      )
    }
    var problems: [String] = []
    if statistics == nil { problems.append("the index does not answer") }
    if !isWritable { problems.append("the archive's folder cannot be written") }
    if statistics?.reserveLeft == 0 {
      problems.append("the disk has no more than its reserve: free space or lower diskReserve")
    }
    let members = [
      "\"ok\":\(problems.isEmpty)", "\"version\":\(JSONText.string(version))", "\"archiveWritable\":\(isWritable)",
      "\"freeBytesAboveReserve\":\(statistics?.reserveLeft ?? 0)", "\"studies\":\(statistics?.studies ?? 0)",
      "\"instances\":\(statistics?.instances ?? 0)", "\"quarantined\":\(statistics?.quarantined ?? 0)",
      "\"waitingToBePrepared\":\(preparation?.waiting ?? 0)", "\"notPreparable\":\(preparation?.refused ?? 0)",
      "\"problems\":[\(problems.map { JSONText.string($0) }.joined(separator: ","))]",
    ]
    return Response(
      status: problems.isEmpty ? .ok : .serviceUnavailable,
      headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: "{" + members.joined(separator: ",") + "}\n")))
  }

  private func scrape() async throws -> Response {
    let archive = archive
    let metrics = metrics
    let text = try await threads.runIfActive {
      if let statistics = try? archive.statistics() {
        metrics.setGauge("rekkas_archive_studies", to: Double(statistics.studies))
        metrics.setGauge("rekkas_archive_series", to: Double(statistics.series))
        metrics.setGauge("rekkas_archive_instances", to: Double(statistics.instances))
        metrics.setGauge("rekkas_archive_bytes", to: Double(statistics.bytes))
        metrics.setGauge("rekkas_archive_quarantined", to: Double(statistics.quarantined))
        metrics.setGauge("rekkas_archive_free_bytes_above_reserve", to: Double(statistics.reserveLeft))
      }
      if let preparation = try? archive.preparationStatus() {
        let age = preparation.oldestWaitingSince.map { max(0, -$0.timeIntervalSinceNow) } ?? 0
        metrics.setGauge("rekkas_preparation_waiting", to: Double(preparation.waiting))
        metrics.setGauge("rekkas_preparation_oldest_waiting_age_seconds", to: age)
        metrics.setGauge("rekkas_preparation_refused_objects", to: Double(preparation.refused))
      }
      if archive.outbox.isUsed, let waiting = try? archive.outbox.totals() {
        metrics.setGauge("rekkas_outbox_objects", to: Double(waiting.objects))
        metrics.setGauge("rekkas_outbox_bytes", to: Double(waiting.bytes))
        metrics.setGauge("rekkas_outbox_aside_objects", to: Double(waiting.aside))
        let age = waiting.oldest.map { max(0, -$0.timeIntervalSinceNow) } ?? 0
        metrics.setGauge("rekkas_outbox_oldest_seconds", to: age)
      }
      return ProcessMetrics.text() + metrics.text()
    }
    return Response(
      status: .ok, headers: [.contentType: PrometheusText.mediaType, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
