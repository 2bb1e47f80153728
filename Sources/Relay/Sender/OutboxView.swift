import Archive
import Foundation

/// What the sender last saw in the outbox.
struct OutboxView {
  /// Something has changed since.
  var isStale = true
  var studies: [OutboxStudy] = []
  var manifests: [String: StudyManifest] = [:]
  var aside: [AsideObject] = []
  /// Cases of which the hub has not heard everything, and those that it refuses.
  var pendingCases = 0
  var refused: [(refusal: CaseRefusal, at: Date)] = []
  var totals: OutboxTotals?
  /// When studies that grow are to be looked at again though nothing happens.
  var growingUntil: Duration?
  /// When the archive may be looked at again, and when a study's objects may be read again: a study that grows is not read for each image.
  private(set) var nextLook = Duration.zero
  /// When it is to be looked which objects should be in memory.
  private(set) var nextPlan = Duration.zero
  private var nextLoad: [String: Duration] = [:]
  private var known: [String: Content] = [:]
  /// Studies that were there when the sender began.
  private(set) var first: Set<String>?
  private var mustLoad: Set<String> = []

  /// What a manifest is made of.
  private struct Content: Equatable {
    var objects: Int
    var bytes: Int
    var settled: Int
    var caseNumber: String?
    var sealed: CaseSeal?
  }

  /// Studies whose manifest may be another one since the last look.
  mutating func changed(_ list: [OutboxStudy]) -> [OutboxStudy] {
    if first == nil { first = Set(list.map(\.study)) }
    var present: [String: Content] = [:]
    for study in list {
      present[study.study] = Content(
        objects: study.objects, bytes: study.bytes, settled: study.settled, caseNumber: study.caseNumber,
        sealed: study.sealed)
    }
    let changed = list.filter { known[$0.study] != present[$0.study] }
    known = present
    studies = list
    let gone = manifests.keys.filter { known[$0] == nil }
    for study in gone {
      manifests[study] = nil
      nextLoad[study] = nil
    }
    return changed
  }

  /// Looks at everything again.
  mutating func forget() {
    isStale = true
    known = [:]
  }

  /// Reads a study's objects again, soon.
  mutating func reload(_ study: String) {
    mustLoad.insert(study)
    nextPlan = .zero
  }

  mutating func plan(at time: Duration?) { nextPlan = min(nextPlan, time ?? nextPlan) }
  mutating func planned(now: Duration) { nextPlan = now + .seconds(1) }

  func mustLoad(_ study: String) -> Bool { mustLoad.contains(study) }

  func mayLoad(_ study: String, now: Duration) -> Bool { nextLoad[study].map { $0 <= now } ?? true }

  /// When the last of the studies that may not be read yet may be.
  func nextLoad(of study: String) -> Duration? { nextLoad[study] }

  mutating func loaded(_ study: String, took: Duration, now: Duration) {
    mustLoad.remove(study)
    nextLoad[study] = now + max(.milliseconds(200), took * 10)
  }

  mutating func looked(took: Duration, now: Duration) {
    isStale = false
    nextLook = now + max(.milliseconds(100), took * 10)
  }
}
