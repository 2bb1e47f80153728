import DICOM
import Foundation

/// Renders and decodes foreign images in worker processes, so that an input that crashes, hangs or explodes costs one request and
/// not the service.
///
/// Workers are started when there is work, run `executable render-worker` confined by `RenderWorker`, and end when idle. A worker
/// that dies or exceeds its limits is replaced. Each worker has a thread of its own here that waits for it; Swift's pool never
/// blocks.
public final class RenderPool: @unchecked Sendable {
  // Everything mutable is guarded by `condition`.
  private let condition = NSCondition()
  private var queue: WorkerQueue
  private var continuations: [UInt64: CheckedContinuation<(WorkerReply, [UInt8]), any Error>] = [:]
  private var cancelledEarly: Set<UInt64> = []
  private var lastID: UInt64 = 0
  private var shutdownWaiters: [CheckedContinuation<Void, Never>] = []

  private let executable: String
  private let memoryLimit: Int
  private let timeLimit: Duration
  /// A whole file is rewritten at this many bytes a second at least; its time limit grows with its size.
  private static let transcodedBytesPerSecond = 8 << 20

  /// - Parameters:
  ///   - executable: this program; `/proc/self/exe` when in doubt.
  ///   - workers: how many processes at most; about the number of cores.
  ///   - memoryLimit: bytes of data (heap) each worker may hold; mapped input does not count.
  ///   - timeLimit: for one request; then the worker is killed.
  ///   - waitingLimit: requests that may wait; more fail with `.overloaded`.
  ///   - idleLimit: a worker without work ends after this time.
  public init(
    executable: String, workers: Int, memoryLimit: Int = 2 << 30, timeLimit: Duration = .seconds(20),
    waitingLimit: Int = 1024, idleLimit: Duration = .seconds(60)
  ) {
    self.executable = executable
    self.memoryLimit = memoryLimit
    self.timeLimit = timeLimit
    queue = WorkerQueue(limits: .init(workers: max(1, workers), waiting: waitingLimit, idle: idleLimit))
  }

  /// A picture of one frame. Throws `RenderFailure`, or `CancellationError`.
  public func render(_ request: RenderRequest) async throws -> RenderedImage { try await image(.render(request)) }

  /// The same, of an object of which somebody says where its layers end: from no more of them than the picture needs.
  func render(
    _ request: RenderRequest, of source: PictureSource, grade: PrefixChoice.Grade
  ) async throws -> RenderedImage {
    guard let excerpt = LayerExcerpt(source, frame: request.frame, grade: grade) else {
      return try await render(request)
    }
    return try await image(.renderPrepared(request, excerpt))
  }

  private func image(_ work: WorkerRequest.Work) async throws -> RenderedImage {
    let (reply, bytes) = try await perform(work)
    return RenderedImage(bytes: bytes, mediaType: reply.mediaType, width: reply.width, height: reply.height)
  }

  /// The stored values of one 0-based frame, little endian, colour by pixel: what Explicit VR Little Endian would hold.
  /// Throws `RenderFailure`, or `CancellationError`.
  public func decodeFrame(path: String, frame: Int) async throws -> [UInt8] {
    try await perform(.decodeFrame(path: path, frame: frame)).1
  }

  /// One 0-based frame as a codestream of a compressed transfer syntax, which `FrameCoder` must know. Throws `RenderFailure`, or
  /// `CancellationError`.
  public func encodeFrame(path: String, frame: Int, to transferSyntax: TransferSyntax) async throws -> [UInt8] {
    try await perform(.encodeFrame(path: path, frame: frame, to: transferSyntax.uid)).1
  }

  /// Rewrites a whole file (see `FileTranscoder`). Throws `RenderFailure`, or `CancellationError`.
  public func transcode(path: String, to transferSyntax: TransferSyntax, output: String) async throws {
    var status = stat()
    let size = stat(path, &status) == 0 ? Int(status.st_size) : 0
    _ = try await perform(
      .transcode(path: path, to: transferSyntax.uid, output: output),
      extra: .seconds(size / Self.transcodedBytesPerSecond))
  }

  /// Refuses what waits, lets workers finish what they do, and returns when all have ended.
  public func shutdown() async {
    await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
      condition.lock()
      let refused = queue.close().compactMap { continuations.removeValue(forKey: $0.id) }
      let ended = queue.workers == 0
      if !ended { shutdownWaiters.append(waiter) }
      condition.broadcast()
      condition.unlock()
      for continuation in refused { continuation.resume(throwing: RenderFailure.unavailable("shut down")) }
      if ended { waiter.resume() }
    }
  }

  // MARK: Requests

  private func perform(
    _ work: WorkerRequest.Work, extra: Duration = .zero
  ) async throws -> (WorkerReply, [UInt8]) {
    let seconds = UInt32(clamping: (timeLimit + extra).components.seconds + 1)
    let request = WorkerRequest(work: work, memoryLimit: UInt64(memoryLimit), cpuSeconds: seconds)
    let id = condition.withLock {
      lastID += 1
      return lastID
    }
    defer { _ = condition.withLock { cancelledEarly.remove(id) } }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation {
        enqueue(.init(id: id, request: request, timeLimit: timeLimit + extra), $0)
      }
    } onCancel: {
      cancel(id)
    }
  }

  private func enqueue(
    _ job: WorkerQueue.Job, _ continuation: CheckedContinuation<(WorkerReply, [UInt8]), any Error>
  ) {
    condition.lock()
    if cancelledEarly.contains(job.id) {
      condition.unlock()
      return continuation.resume(throwing: CancellationError())
    }
    let admission = queue.admit(job, now: .now)
    if case .queued = admission { continuations[job.id] = continuation }
    condition.signal()
    condition.unlock()
    switch admission {
    case .queued(startsWorker: true): startThread()
    case .queued(startsWorker: false): break
    case .refused(let failure): continuation.resume(throwing: failure)
    }
  }

  private func cancel(_ id: UInt64) {
    condition.lock()
    let continuation = continuations.removeValue(forKey: id)
    if continuation == nil { cancelledEarly.insert(id) } else { queue.remove(id: id) }
    condition.unlock()
    continuation?.resume(throwing: CancellationError())
  }

  private func finish(_ id: UInt64, _ result: Result<(WorkerReply, [UInt8]), RenderFailure>) {
    let continuation = condition.withLock { continuations.removeValue(forKey: id) }
    continuation?.resume(with: result.mapError { $0 })
  }

  // MARK: Workers

  private func startThread() {
    let thread = Thread { [self] in serve() }
    thread.name = "render-worker"
    thread.start()
  }

  /// One worker's life: takes jobs until it is told to end. Runs on a thread of its own, with which its process dies.
  private func serve() {
    var process: WorkerProcess?
    var deaths = 0
    var idleSince: ContinuousClock.Instant?
    while let job = nextJob(&idleSince) {
      do throws(RenderFailure) {
        if process == nil {
          // A program that dies at every start must not be started without end.
          if deaths > 0 { usleep(UInt32(min(2_000_000, 25_000 << min(deaths, 7)))) }
          process = try WorkerProcess(executable: executable)
        }
        let answer = try process!.perform(job.request, payloadLimit: memoryLimit, remaining: deadline(for: job))
        deaths = 0
        if let failure = answer.0.failure {
          finish(job.id, .failure(failure))
        } else {
          finish(job.id, .success(answer))
        }
      } catch {
        process = nil
        deaths += 1
        let retries = condition.withLock {
          continuations[job.id] != nil && queue.retries(job, after: error, now: .now)
        }
        if !retries { finish(job.id, .failure(error)) }
      }
    }
    process?.terminate()
    condition.lock()
    let waiters = queue.isClosed && queue.workers == 0 ? shutdownWaiters : []
    if !waiters.isEmpty { shutdownWaiters = [] }
    condition.unlock()
    for waiter in waiters { waiter.resume() }
  }

  private func nextJob(_ idleSince: inout ContinuousClock.Instant?) -> WorkerQueue.Job? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      let now = ContinuousClock.now
      switch queue.next(idleSince: idleSince, now: now) {
      case .perform(let job):
        idleSince = nil
        return job
      case .wait(let until):
        if idleSince == nil { idleSince = now }
        _ = condition.wait(until: Date(timeIntervalSinceNow: (until - now) / .seconds(1)))
      case .end: return nil
      }
    }
  }

  /// Milliseconds left for a job. One that nobody waits for any more gets a second to come to its end, which is cheaper than a
  /// new process.
  private func deadline(for job: WorkerQueue.Job) -> () -> Int32 {
    var end = ContinuousClock.now + job.timeLimit
    var isWanted = true
    return { [self] in
      if isWanted, condition.withLock({ continuations[job.id] == nil }) {
        isWanted = false
        end = min(end, .now + .seconds(1))
      }
      let left = (end - .now) / .milliseconds(1)
      return left <= 0 ? -1 : Int32(min(left.rounded(.up), 1e9))
    }
  }
}
