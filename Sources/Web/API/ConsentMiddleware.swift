import Archive
import Foundation
import HTTPTypes
import Hummingbird
import NIOPosix
import Synchronization

/// Keeps closed what belongs to a case without the patient's consent (law 09-08, decree 2-18-378): the one place where that is decided for
/// every retrieval of DICOMweb. Searching stays open, and so does storing.
///
/// In an emergency the override opens it, and that is noted in the case's history.
struct ConsentMiddleware: RouterMiddleware {
  typealias Context = WebContext

  let archive: Archive
  let threads: NIOThreadPool
  private let noted = NotedOverrides()
  private let known = KnownConsents()

  init(archive: Archive, threads: NIOThreadPool) {
    self.archive = archive
    self.threads = threads
  }

  func handle(_ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response)
    async throws -> Response
  {
    guard request.method == .get || request.method == .head, let study = Self.study(of: request, context)
    else {
      return try await next(request, context)
    }
    let archive = archive
    guard case .missing(let number, let isRefused) = try await consent(toStudy: study) else {
      return try await next(request, context)
    }
    guard EmergencyOverride.isNamed(in: request) || EmergencyOverride.cases(request).contains(number) else {
      return APIFailure(.noConsent, number: number, isRefused: isRefused).response(to: request)
    }
    let who = context.peerAddress ?? "web"
    if noted.isNew("\(number) \(study) \(who)") {
      context.logger.warning("Pictures without consent were opened for an emergency.", metadata: ["case": "\(number)"])
      // Opened only when it is written down.
      try await threads.runIfActive { try archive.cases.noteOverride(number, by: who) }
    }
    return try await next(request, context)
  }

  /// From memory as long as nothing in the index has changed: a page asks for hundreds of pictures of a study.
  private func consent(toStudy study: String) async throws -> StudyConsent {
    // Before the question: what changes meanwhile has another version.
    let version = archive.changes.version
    if let answer = known.answer(study, version) { return answer }
    let answer = try await archive.cases.consent(toStudy: study)
    known.note(study, version, answer)
    return answer
  }

  /// The study of which something is to be retrieved; nil for a search, and for everything outside of DICOMweb.
  private static func study(of request: Request, _ context: WebContext) -> String? {
    guard let route = context.endpointPath else { return nil }
    if route == "/wado" { return QueryString(request.uri.query).first("studyUID") }
    // By the route that was found, not by the path as it was written.
    guard route.hasPrefix(DICOMweb.root + "/"), !route.hasSuffix("/series"), !route.hasSuffix("/instances") else {
      return nil
    }
    return context.parameters.get("study")
  }
}

/// What was found out since the index changed last.
private final class KnownConsents: Sendable {
  private struct State {
    var version = 0
    var answers: [String: StudyConsent] = [:]
  }

  private let state = Mutex(State())

  func answer(_ study: String, _ version: Int) -> StudyConsent? {
    state.withLock { $0.version == version ? $0.answers[study] : nil }
  }

  func note(_ study: String, _ version: Int, _ answer: StudyConsent) {
    state.withLock { state in
      if state.version != version || state.answers.count >= 1000 { state = State(version: version) }
      state.answers[study] = answer
    }
  }
}

/// Which openings were written down lately: a study is opened by hundreds of requests.
private final class NotedOverrides: Sendable {
  private static let span = Duration.seconds(600)
  private let known = Mutex<[String: ContinuousClock.Instant]>([:])

  func isNew(_ key: String) -> Bool {
    known.withLock { known in
      let now = ContinuousClock.now
      if let last = known[key], now - last < Self.span { return false }
      if known.count > 1000 { known = known.filter { now - $0.value < Self.span } }
      known[key] = now
      return true
    }
  }
}
