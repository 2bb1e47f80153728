import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct PreparationPlanTests {
  private let now = ContinuousClock.now

  private func job(_ id: Int64, study: UID = "1", series: Int64 = 1, attempts: Int = 0) -> PreparationJob {
    PreparationJob(
      id: id, instance: UID(rawValue: "9.\(id)"), study: study, series: series,
      received: Digest([UInt8](repeating: 1, count: 32))!,
      size: 1, transferSyntax: "1.2", receivedAt: Date(timeIntervalSince1970: 0), sender: "", attempts: attempts)
  }

  private func plan() -> PreparationPlan { PreparationPlan(lookout: .seconds(1)) }

  @Test func `First, middle and last of each series come before the others`() {
    let waiting = (1...6).map { job($0) } + (11...12).map { job($0, series: 2) } + [job(21, series: 3)]
    #expect(PreparationPlan.arranged(waiting).map(\.id) == [1, 4, 6, 11, 12, 21, 2, 3, 5])
  }

  @Test func `The newest study is asked for, loaded and taken`() {
    var plan = plan()
    #expect(plan.next(at: now) == .findNewest)
    #expect(plan.found("1", at: now) == "1")
    plan.loaded("1", [job(1), job(2)], at: now)
    #expect(plan.next(at: now) == .take(job(1)))
    #expect(plan.next(at: now) == .take(job(2)))
    #expect(plan.excluded(at: now) == [1, 2])
    #expect(plan.next(at: now) == .findNewest)
    #expect(plan.found(nil, at: now) == nil)
    #expect(plan.next(at: now) == .wait(until: now + .seconds(1)))
  }

  @Test func `A study that somebody looks at goes first, and the look-out is not waited for`() {
    var plan = plan()
    _ = plan.found(nil, at: now)
    plan.demand("5")
    #expect(plan.next(at: now) == .load("5"))
    plan.loaded("5", [job(1, study: "5")], at: now)
    plan.demand("6")
    #expect(plan.next(at: now) == .load("6"))
    plan.loaded("6", [], at: now)
    #expect(plan.next(at: now) == .load("5"))
  }

  @Test func `While images keep coming, the newest study is looked for after every portion`() {
    var plan = plan()
    plan.loaded("1", (1...100).map { job($0) }, at: now)
    for _ in 0..<PreparationPlan.portion {
      guard case .take(let job) = plan.next(at: now) else { return #expect(Bool(false)) }
      plan.finished(job)
    }
    #expect(plan.next(at: now) == .findNewest)
    // The same one: its order goes on.
    #expect(plan.found("1", at: now) == nil)
    guard case .take = plan.next(at: now) else { return #expect(Bool(false)) }
  }

  @Test func `After failures of the system pauses grow, and the object steps aside`() {
    var plan = plan()
    plan.loaded("1", [job(1), job(2), job(3)], at: now)
    _ = plan.next(at: now)
    plan.failed(job(1), at: now)
    guard case .wait(let first) = plan.next(at: now) else { return #expect(Bool(false)) }
    #expect(first - now == .seconds(2))
    #expect(plan.excluded(at: now) == [1])
    let later = now + .seconds(3)
    _ = plan.next(at: later)
    plan.failed(job(2), at: later)
    guard case .wait(let second) = plan.next(at: later) else { return #expect(Bool(false)) }
    #expect(second - later == .seconds(4))
    #expect(plan.excluded(at: now + .seconds(7200)).isEmpty)
  }

  @Test func `What was under way when the process went down comes last, and alone`() {
    var plan = plan()
    plan.loaded("1", [job(1), job(2, attempts: 1), job(3), job(4, attempts: 1)], at: now)
    #expect(plan.next(at: now) == .take(job(1)))
    #expect(plan.next(at: now) == .take(job(3)))
    plan.finished(job(1))
    guard case .wait = plan.next(at: now) else { return #expect(Bool(false)) }
    plan.finished(job(3))
    #expect(plan.next(at: now) == .take(job(2, attempts: 1)))
    guard case .wait = plan.next(at: now) else { return #expect(Bool(false)) }
    plan.finished(job(2, attempts: 1))
    #expect(plan.next(at: now) == .take(job(4, attempts: 1)))
  }
}
