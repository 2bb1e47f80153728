import CCodecs
import Foundation

/// A worker process seen from the pool: one request at a time. Belongs to the thread that started it, with which it dies.
final class WorkerProcess {
  /// The hidden command of the executable.
  static let argument = "render-worker"

  private let process: pid_t
  private let descriptor: Int32
  private var isAlive = true

  init(executable: String) throws(RenderFailure) {
    var descriptor: Int32 = -1
    var process: Int32 = 0
    let failed = cc_worker_start(executable, Self.argument, &descriptor, &process)
    guard failed == 0 else { throw .unavailable(String(cString: strerror(failed))) }
    self.descriptor = descriptor
    self.process = process
  }

  deinit { terminate() }

  /// Sends a request and waits for its answer. Blocks.
  ///
  /// After any failure the process is gone.
  /// - Parameter remaining: milliseconds left, asked at least ten times a second; negative ends the process.
  func perform(
    _ request: WorkerRequest, payloadLimit: Int, remaining: @escaping () -> Int32
  ) throws(RenderFailure) -> (WorkerReply, [UInt8]) {
    let socket = WorkerSocket(descriptor: descriptor, remaining: remaining)
    do {
      try socket.send(header: request)
      return try socket.receive(WorkerReply.self, payloadLimit: payloadLimit)
    } catch WorkerSocket.Failure.deadline {
      terminate()
      throw .timedOut
    } catch {
      // The kernel's limit on processor time shows as a death by SIGXCPU (or SIGKILL at the hard limit).
      throw terminate() == SIGXCPU ? .timedOut : .crashed
    }
  }

  /// Ends the process and waits until it is gone; returns the signal that it died of.
  @discardableResult
  func terminate() -> Int32 {
    guard isAlive else { return 0 }
    isAlive = false
    close(descriptor)
    var status: Int32 = 0
    // It may be dead already, of something that we want to know.
    if waitpid(process, &status, WNOHANG) != process {
      kill(process, SIGKILL)
      while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    }
    return status & 0x7f
  }
}
