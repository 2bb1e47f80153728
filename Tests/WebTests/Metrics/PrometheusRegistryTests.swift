import CoreMetrics
import Testing

@testable import Web

@Suite struct PrometheusRegistryTests {
  let registry = PrometheusRegistry(maximumSeries: 100)

  @Test func counterGaugeAndTimerAppearUnderPrometheusNames() {
    registry.makeCounter(label: "dimse.instances", dimensions: [("ae", "CT 1")]).increment(by: 3)
    registry.makeRecorder(label: "queue-age", dimensions: [], aggregate: false).record(2.5)
    let timer = registry.makeTimer(label: "request", dimensions: [("route", "/a")])
    timer.recordNanoseconds(3_000_000)
    timer.recordNanoseconds(700_000_000_000)
    let text = registry.text()
    #expect(text.contains("# TYPE dimse_instances_total counter\ndimse_instances_total{ae=\"CT 1\"} 3\n"))
    #expect(text.contains("# TYPE queue_age gauge\nqueue_age 2.5\n"))
    #expect(text.contains("# TYPE request_seconds histogram\n"))
    #expect(text.contains("request_seconds_bucket{route=\"/a\",le=\"0.0025\"} 0\n"))
    #expect(text.contains("request_seconds_bucket{route=\"/a\",le=\"0.005\"} 1\n"))
    #expect(text.contains("request_seconds_bucket{route=\"/a\",le=\"300\"} 1\n"))
    #expect(text.contains("request_seconds_bucket{route=\"/a\",le=\"+Inf\"} 2\n"))
    #expect(text.contains("request_seconds_sum{route=\"/a\"} 700.003\n"))
    #expect(text.contains("request_seconds_count{route=\"/a\"} 2\n"))
  }

  @Test func hostileLabelsCannotBreakTheText() {
    registry.makeCounter(label: "9 lives\n", dimensions: [("a\"b", "x\"\n\\y")]).increment(by: 1)
    #expect(registry.text().contains("_9_lives__total{a_b=\"x\\\"\\n\\\\y\"} 1\n"))
  }

  @Test func sameNameAndLabelsAreOneSeries() {
    for order in [[("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]] {
      registry.makeCounter(label: "hits", dimensions: order).increment(by: 1)
    }
    #expect(registry.text().contains("hits_total{a=\"1\",b=\"2\"} 2\n"))
  }

  @Test func anotherTypeUnderANameGetsAnotherName() {
    registry.makeCounter(label: "n_total", dimensions: []).increment(by: 1)
    registry.makeMeter(label: "n_total", dimensions: []).set(Int64(7))
    let text = registry.text()
    #expect(text.contains("# TYPE n_total counter\nn_total 1\n"))
    #expect(text.contains("# TYPE n_total_gauge gauge\nn_total_gauge 7\n"))
  }

  @Test func labelsWithoutEndAreDroppedAndCounted() {
    for number in 0..<500 { registry.makeCounter(label: "c", dimensions: [("n", "\(number)")]).increment(by: 1) }
    let text = registry.text()
    #expect(text.split(separator: "\n").filter { $0.hasPrefix("c_total{") }.count == 100)
    #expect(text.contains("rekkas_metrics_dropped_series_total 400\n"))
  }
}
