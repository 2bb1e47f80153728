import CoreMetrics
import Synchronization

/// Keeps every counter, gauge and histogram of the process and writes them as Prometheus text.
///
/// The command gives it to `MetricsSystem.bootstrap`, so that any room that uses swift-metrics ends up on `/metrics`:
/// counters gain `_total`, timers become histograms in seconds (`_seconds`), aggregating recorders become histograms of
/// plain numbers, everything else a gauge. Names and labels are made to fit Prometheus' alphabet, label values are
/// escaped. The number of series is bounded: a label that grows without end costs its own figures, not the memory.
public final class PrometheusRegistry: Sendable {
  struct State {
    var families: [String: PrometheusFamily] = [:]
    var seriesCount = 0
    var droppedSeries = 0
  }

  let state = Mutex(State())
  let maximumSeries: Int

  /// - Parameter maximumSeries: how many label combinations are kept in all; later ones are counted as dropped.
  public init(maximumSeries: Int = 10_000) {
    self.maximumSeries = maximumSeries
  }

  /// The whole registry in text format 0.0.4, families in the order of their names.
  public func text() -> String {
    let (families, dropped) = state.withLock { state in
      (state.families.sorted { $0.key < $1.key }, state.droppedSeries)
    }
    var out = ""
    for (name, family) in families {
      out += "# TYPE \(name) \(family.kind.rawValue)\n"
      for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
        series.write(name: name, labels: labels, to: &out)
      }
    }
    out += "# TYPE rekkas_metrics_dropped_series_total counter\nrekkas_metrics_dropped_series_total \(dropped)\n"
    return out
  }

  /// Sets a gauge without going through swift-metrics, for figures that are read at the moment of the scrape.
  public func setGauge(_ name: String, labels: [(String, String)] = [], to value: Double) {
    guard let series = series(name, labels, kind: .gauge) else { return }
    series.put(value)
  }

  /// The series of this name and these labels, made on first use; nil when the registry is full.
  func series(
    _ label: String, _ dimensions: [(String, String)], kind: PrometheusFamily.Kind, unit: HistogramUnit = .none
  )
    -> PrometheusSeries?
  {
    var name = PrometheusText.name(label) + (kind == .histogram ? unit.suffix : "")
    if kind == .counter, !name.hasSuffix("_total") { name += "_total" }
    let labels = PrometheusText.labels(dimensions)
    return state.withLock { state in
      // One name has one type: a second type under the same name gets a name of its own.
      if let family = state.families[name], family.kind != kind { name += "_\(kind.rawValue)" }
      if let known = state.families[name]?.series[labels] { return known }
      guard state.seriesCount < maximumSeries else {
        state.droppedSeries += 1
        return nil
      }
      let made = PrometheusSeries(kind: kind, unit: unit)
      state.families[name, default: PrometheusFamily(kind: kind)].series[labels] = made
      state.seriesCount += 1
      return made
    }
  }
}

/// All series that share a name and therefore a type.
struct PrometheusFamily {
  enum Kind: String { case counter, gauge, histogram }
  let kind: Kind
  var series: [String: PrometheusSeries] = [:]
}

extension PrometheusRegistry: MetricsFactory {
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, kind: .counter) ?? PrometheusSeries(kind: .counter, unit: .none)
  }

  public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler
  {
    series(label, dimensions, kind: .counter) ?? PrometheusSeries(kind: .counter, unit: .none)
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, kind: .gauge) ?? PrometheusSeries(kind: .gauge, unit: .none)
  }

  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    let kind: PrometheusFamily.Kind = aggregate ? .histogram : .gauge
    return series(label, dimensions, kind: kind) ?? PrometheusSeries(kind: kind, unit: .none)
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions, kind: .histogram, unit: .seconds) ?? PrometheusSeries(kind: .histogram, unit: .seconds)
  }

  // Prometheus counts from the start of the process: a series that came stays.
  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  public func destroyMeter(_ handler: any MeterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}
}
