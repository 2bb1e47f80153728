import Foundation
import Metrics

/// What the site's end of the link measures.
struct SenderMetrics {
  private let oldest = Gauge(label: "rekkas_outbox_oldest_seconds")
  private let objects = Gauge(label: "rekkas_outbox_objects")
  private let bytes = Gauge(label: "rekkas_outbox_bytes")
  private let aside = Gauge(label: "rekkas_outbox_aside")
  private let rate = Gauge(label: "rekkas_sender_rate_kbit")
  private let roundTrip = Gauge(label: "rekkas_sender_round_trip_seconds")
  private let heard = Gauge(label: "rekkas_sender_last_heard_timestamp_seconds")
  /// Over the link, both ways.
  let moved = Counter(label: "rekkas_sender_link_bytes")
  let failures = Counter(label: "rekkas_sender_failures")

  /// - Parameter date: now.
  func note(_ status: LinkStatus, at date: Date) {
    oldest.record(status.queue.oldest.map { max(0, date.timeIntervalSince($0)) } ?? 0)
    objects.record(status.queue.objects)
    bytes.record(status.queue.bytes)
    aside.record(status.aside.count)
    if let kilobits = status.link.rateKbit { rate.record(kilobits) }
    if let milliseconds = status.link.rttMs { roundTrip.record(milliseconds / 1000) }
    if let time = status.link.lastHeard { heard.record(time.timeIntervalSince1970) }
  }
}
