import Archive
import Foundation
import Testing

@testable import Relay

/// A hub in memory that keeps the books: which bytes came, and whether any came that it had acknowledged before.
struct ModelHub {
  private(set) var have: [String: RangeSet<Int>] = [:]
  private var sizes: [String: Int] = [:]
  private(set) var whole: Set<String> = []
  /// Bytes that came although the site knew that they were here.
  private(set) var wasted = 0
  /// Bytes whose acknowledgement the site never heard: they may come again.
  private var unheard: [String: RangeSet<Int>] = [:]
  /// Objects that became whole without the site hearing of it: parts of them may be on their way again.
  private var secrets: Set<String> = []
  private(set) var forms: [CaseReceipt] = []
  private(set) var bytes = 0

  /// Objects that it has before anything is sent.
  mutating func keep(_ object: QueuedObject) {
    whole.insert(object.digest)
  }

  /// Part of an object that it has from earlier.
  mutating func keep(_ range: Range<Int>, of object: QueuedObject) {
    have[object.digest, default: RangeSet()].insert(contentsOf: range)
  }

  /// Applies a parcel; the site hears the answer unless `isHeard` is false.
  mutating func take(_ parcel: Parcel, isHeard: Bool = true) -> LinkAnswer {
    var answer = LinkAnswer(clock: 0)
    forms += parcel.forms
    answer.cases = parcel.forms
    var partial: Set<String> = []
    for (object, _) in parcel.announced {
      sizes[object.digest] = object.object.size
      if whole.contains(object.digest) {
        answer.receipts.append(object.digest)
      } else if have[object.digest]?.isEmpty == false {
        partial.insert(object.digest)
      }
    }
    var touched: Set<String> = []
    let headers = parcel.headers.map { ($0.object, $0.part.range) }
    for (object, range) in headers + parcel.segments.map({ ($0.object, $0.range) }) {
      let digest = object.digest
      guard !whole.contains(digest) else {
        // It is no arrival any more.
        answer.unknown.append(String(digest.prefix(16)))
        if !secrets.contains(digest) {
          var known = RangeSet(range)
          known.subtract(unheard[digest] ?? RangeSet())
          wasted += known.ranges.reduce(0) { $0 + $1.count }
        }
        continue
      }
      guard sizes[digest] != nil else {
        answer.unknown.append(String(digest.prefix(16)))
        continue
      }
      var again = RangeSet(range)
      again.formIntersection(have[digest] ?? RangeSet())
      again.subtract(unheard[digest] ?? RangeSet())
      wasted += again.ranges.reduce(0) { $0 + $1.count }
      have[digest, default: RangeSet()].insert(contentsOf: range)
      bytes += range.count
      if !isHeard { unheard[digest, default: RangeSet()].insert(contentsOf: range) }
      touched.insert(digest)
    }
    for digest in touched.union(partial) where !whole.contains(digest) {
      if have[digest] == RangeSet(0..<sizes[digest]!) {
        whole.insert(digest)
        if !isHeard { secrets.insert(digest) }
        answer.receipts.append(digest)
      } else if partial.contains(digest) {
        let flat = have[digest]!.ranges.flatMap { [$0.lowerBound, $0.upperBound] }
        answer.objects.append(ArrivalAnswer(digest: digest, state: .partial, have: ByteRanges(flat: flat)))
      }
    }
    return answer
  }

  /// As a hub that lost its disk and was given an old one.
  mutating func forget(_ digest: String) {
    have[digest] = nil
    sizes[digest] = nil
    unheard[digest] = nil
  }

  func has(_ range: Range<Int>, of object: QueuedObject) -> Bool {
    whole.contains(object.digest) || RangeSet(range).isSubset(of: have[object.digest] ?? RangeSet())
  }
}

extension QueuedObject {
  /// An image with the ladder's layers, or any other frames.
  static func make(
    _ number: Int, study: String = "1.2", series: String = "1.2.1", header: Int = 2000,
    layers: [Int] = [4000, 12_000, 40_000, 120_000, 160_000], frames: Int = 1, isKeyImage: Bool = false,
    isFresh: Bool = true, failures: Int = 0
  ) -> QueuedObject {
    let frameSize = (layers.last ?? 0) + 8
    let tables = layers.isEmpty ? [] : (0..<frames).map { [header + $0 * frameSize] + layers }
    let size = header + (layers.isEmpty ? 0 : frames * frameSize)
    let name = "\(study) \(series) \(number) \(size)"
    // Digests differ in their first 16 digits, as real ones do.
    let digest = String(format: "%016lx", name.hashValue) + String(repeating: "0", count: 48)
    let object = ArrivingObject(
      digest: digest, receivedDigest: digest, size: size, study: study, series: series,
      instance: "\(series).\(number)", sopClass: "1.2.840.10008.5.1.4.1.1.2",
      transferSyntax: "1.2.840.10008.1.2.4.90", header: header, frames: tables, isLadder: !layers.isEmpty)
    return QueuedObject(
      id: Int64(name.hashValue), object: object, seriesNumber: 1, instanceNumber: number, isKeyImage: isKeyImage,
      isFresh: isFresh, failures: failures)
  }
}

extension SendOrder {
  /// An order with studies of some images each, loaded.
  static func make(_ studies: [(uid: String, urgency: Urgency, objects: [QueuedObject])]) -> SendOrder {
    var order = SendOrder()
    order.update(
      studies: studies.enumerated().map { index, study in
        QueuedStudy(
          uid: study.uid, urgency: study.urgency, storedAt: Date(timeIntervalSince1970: Double(index)),
          waiting: study.objects.count)
      }, forms: [])
    for study in studies { order.load(study.objects, of: study.uid, now: .zero) }
    return order
  }

  /// One study of a series of images.
  static func make(images: Int, isFresh: Bool = true) -> SendOrder {
    make([("1.2", .routine, (1...images).map { .make($0, isFresh: isFresh) })])
  }

  /// The next parcel; fails the test when there is none.
  mutating func parcel(of budget: Int, at now: Duration) throws -> Parcel {
    let parcel = next(budget: budget, now: now)
    return try #require(parcel)
  }

  /// Whether nothing can be sent. Leaves the order as it is.
  func isQuiet(at now: Duration) -> Bool {
    var copy = self
    return copy.next(budget: 64 << 10, now: now) == nil
  }

  /// Sends and acknowledges one parcel after the other until nothing is left; gives them.
  mutating func drain(into hub: inout ModelHub, budget: Int = 64 << 10, limit: Int = 100_000) -> [Parcel] {
    var parcels: [Parcel] = []
    while parcels.count < limit, let parcel = next(budget: budget, now: .zero) {
      parcels.append(parcel)
      _ = acknowledged(parcel.id, hub.take(parcel), now: .zero)
    }
    return parcels
  }
}

/// A part of an object in the order in which it went.
struct SentPart: Equatable, CustomStringConvertible {
  var number: Int
  var frame: Int
  var layer: Int
  var description: String { "image \(number) frame \(frame) layer \(layer)" }

  init(_ number: Int, frame: Int = 0, layer: Int) {
    self.number = number
    self.frame = frame
    self.layer = layer
  }
}

extension [Parcel] {
  /// Layers in the order in which their first bytes went.
  var layers: [SentPart] {
    var seen: [SentPart] = []
    for parcel in self {
      for segment in parcel.segments {
        for part in segment.parts where part.slot.frame >= 0 {
          let sent = SentPart(
            segment.object.instanceNumber!, frame: Int(part.slot.frame), layer: Int(part.slot.layer))
          if seen.last != sent, !seen.contains(sent) { seen.append(sent) }
        }
      }
    }
    return seen
  }

  var studies: [String] { flatMap { $0.parts.map(\.study) } }
}
