import Testing

@testable import Imaging

@Suite struct WorkerQueueTests {
  private let start = ContinuousClock.now

  private func job(_ id: UInt64, path: String = "a") -> WorkerQueue.Job {
    .init(
      id: id,
      request: WorkerRequest(work: .decodeFrame(path: path, frame: 0), memoryLimit: 0, cpuSeconds: 1))
  }

  @Test func `workers are started for waiting work only, and no more than allowed`() {
    var queue = WorkerQueue(limits: .init(workers: 2))
    #expect(queue.admit(job(1), now: start) == .queued(startsWorker: true))
    #expect(queue.admit(job(2), now: start) == .queued(startsWorker: true))
    #expect(queue.admit(job(3), now: start) == .queued(startsWorker: false))
    #expect(queue.workers == 2)
  }

  @Test func `an idle worker takes new work before another one is started`() {
    var queue = WorkerQueue(limits: .init(workers: 2))
    _ = queue.admit(job(1), now: start)
    guard case .perform = queue.next(idleSince: nil, now: start) else {
      Issue.record("no job")
      return
    }
    guard case .wait = queue.next(idleSince: nil, now: start) else {
      Issue.record("not idle")
      return
    }
    #expect(queue.admit(job(2), now: start) == .queued(startsWorker: false))
  }

  @Test func `a worker idle for long enough ends`() {
    var queue = WorkerQueue(limits: .init(workers: 1, idle: .seconds(10)))
    _ = queue.admit(job(1), now: start)
    _ = queue.next(idleSince: nil, now: start)
    guard case .wait(let until) = queue.next(idleSince: nil, now: start) else {
      Issue.record("not idle")
      return
    }
    #expect(until == start + .seconds(10))
    guard case .end = queue.next(idleSince: start, now: until) else {
      Issue.record("not ended")
      return
    }
    #expect(queue.workers == 0)
  }

  @Test func `more than may wait are refused`() {
    var queue = WorkerQueue(limits: .init(workers: 1, waiting: 2))
    _ = queue.admit(job(1), now: start)
    _ = queue.admit(job(2), now: start)
    #expect(queue.admit(job(3), now: start) == .refused(.overloaded))
  }

  @Test func `a crash is tried once more, then the file is refused for a while`() {
    var queue = WorkerQueue(limits: .init(workers: 1, quarantine: .seconds(60)))
    _ = queue.admit(job(1), now: start)
    guard case .perform(let first) = queue.next(idleSince: nil, now: start) else {
      Issue.record("no job")
      return
    }
    #expect(queue.retries(first, after: .crashed, now: start) == true)
    guard case .perform(let second) = queue.next(idleSince: nil, now: start) else {
      Issue.record("no job")
      return
    }
    #expect(second.id == 1 && second.attempts == 1)
    #expect(queue.retries(second, after: .crashed, now: start) == false)
    #expect(queue.admit(job(2), now: start) == .refused(.crashed))
    #expect(queue.admit(job(3, path: "b"), now: start) == .queued(startsWorker: false))
    #expect(queue.admit(job(4), now: start + .seconds(61)) == .queued(startsWorker: false))
  }

  @Test func `a time-out is not tried again`() {
    var queue = WorkerQueue(limits: .init(workers: 1))
    _ = queue.admit(job(1), now: start)
    guard case .perform(let first) = queue.next(idleSince: nil, now: start) else {
      Issue.record("no job")
      return
    }
    #expect(queue.retries(first, after: .timedOut, now: start) == false)
    #expect(queue.admit(job(2), now: start) == .refused(.timedOut))
  }

  @Test func `a cancelled request leaves the queue`() {
    var queue = WorkerQueue(limits: .init(workers: 1))
    _ = queue.admit(job(1), now: start)
    _ = queue.admit(job(2), now: start)
    queue.remove(id: 1)
    guard case .perform(let next) = queue.next(idleSince: nil, now: start) else {
      Issue.record("no job")
      return
    }
    #expect(next.id == 2)
  }

  @Test func `a closed queue gives back what waited and admits nothing`() {
    var queue = WorkerQueue(limits: .init(workers: 1))
    _ = queue.admit(job(1), now: start)
    _ = queue.admit(job(2), now: start)
    _ = queue.next(idleSince: nil, now: start)
    #expect(queue.close().map(\.id) == [2])
    #expect(queue.admit(job(3), now: start) == .refused(.unavailable("shut down")))
    guard case .end = queue.next(idleSince: nil, now: start) else {
      Issue.record("not ended")
      return
    }
  }
}
