import CoreMetrics
import Synchronization

/// What a histogram counts: it decides its buckets and the end of its name.
enum HistogramUnit {
  case none, seconds

  var suffix: String { self == .seconds ? "_seconds" : "" }

  /// Upper bounds. Seconds reach from a cached answer (0.25 ms) to a study on a thin link (5 min); plain numbers go by fours.
  var bounds: [Double] {
    switch self {
    case .seconds:
      [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
    case .none: (0..<16).map { Double(1 << (2 * $0)) }
    }
  }
}

/// One line of figures (or, for a histogram, one group of lines): a value under a set of labels.
final class PrometheusSeries: Sendable {
  private struct Figures {
    var value: Double = 0
    var count: UInt64 = 0
    var buckets: [UInt64]
  }

  private let kind: PrometheusFamily.Kind
  private let bounds: [Double]
  private let figures: Mutex<Figures>

  init(kind: PrometheusFamily.Kind, unit: HistogramUnit) {
    self.kind = kind
    bounds = kind == .histogram ? unit.bounds : []
    figures = Mutex(Figures(buckets: Array(repeating: 0, count: bounds.count)))
  }

  func add(_ amount: Double) { figures.withLock { $0.value += amount } }
  func put(_ value: Double) { figures.withLock { $0.value = value } }

  func observe(_ value: Double) {
    let bucket = bounds.firstIndex { value <= $0 }
    figures.withLock { figures in
      figures.value += value
      figures.count += 1
      if let bucket { figures.buckets[bucket] += 1 }
    }
  }

  func write(name: String, labels: String, to out: inout String) {
    let now = figures.withLock { $0 }
    let braced = labels.isEmpty ? "" : "{\(labels)}"
    guard kind == .histogram else {
      out += "\(name)\(braced) \(PrometheusText.number(now.value))\n"
      return
    }
    let prefix = labels.isEmpty ? "" : labels + ","
    var cumulative: UInt64 = 0
    for (bound, count) in zip(bounds, now.buckets) {
      cumulative += count
      out += "\(name)_bucket{\(prefix)le=\"\(PrometheusText.number(bound))\"} \(cumulative)\n"
    }
    out += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(now.count)\n"
    out += "\(name)_sum\(braced) \(PrometheusText.number(now.value))\n\(name)_count\(braced) \(now.count)\n"
  }
}

extension PrometheusSeries: CounterHandler, FloatingPointCounterHandler {
  func increment(by amount: Int64) { add(Double(amount)) }
  func increment(by amount: Double) { add(amount) }
  func reset() { put(0) }
}

extension PrometheusSeries: MeterHandler {
  func set(_ value: Int64) { put(Double(value)) }
  func set(_ value: Double) { put(value) }
  func decrement(by amount: Double) { add(-amount) }
}

extension PrometheusSeries: RecorderHandler {
  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) { kind == .histogram ? observe(value) : put(value) }
}

extension PrometheusSeries: TimerHandler {
  func recordNanoseconds(_ duration: Int64) { observe(Double(duration) / 1e9) }
}
