import Archive
import Foundation
import Logging

extension LinkEngine {
  /// A request has come to its end.
  func answered(_ id: Int, _ result: Result<LinkResponse, any Error>) {
    // One that was given up is not listened to any more.
    guard let request = requests.removeValue(forKey: id) else { return }
    isNews = true
    switch result {
    case .failure(let error):
      let problem = HTTPTransport.problem(error)
      // Without a connection nothing has left: a month without a link costs nothing of its budget.
      if problem != .unreachable { count(request.bytes) }
      logger.debug("The hub did not answer", metadata: ["error": "\(error)"])
      failed(id, request, cause(of: problem))
    case .success(let response):
      count(request.bytes + response.body.count + 200)
      guard isHubs(response, to: request) else { return notHubs(response, id, request) }
      lastHeard = now
      // A hub that is full still answers: its heartbeats say nothing of room.
      if problem != .hubFull || view.totals?.objects == 0 { problem = nil }
      isConnected = true
      keeper.succeeded(id, now: now)
      taken(response, request)
    }
  }

  /// Nobody vouches for this answer.
  private func notHubs(_ response: LinkResponse, _ id: Int, _ request: Request) {
    let problem = foreign(response)
    guard problem == .key, request.kind != .session else { return failed(id, request, problem) }
    // The key was right when the session was opened, so most likely this request did not come as it was sent. Whether it is the key after
    // all, the opening of the next session shows.
    failed(id, request, .interrupted)
    if request.session == session { use(session: nil) }
  }

  private func isHubs(_ response: LinkResponse, to request: Request) -> Bool {
    signer.believes(
      status: response.status, body: response.body, mac: response.headers[LinkProtocol.answerHeader.lowercased()],
      session: request.session, number: request.number)
  }

  /// What an answer that nobody vouches for may mean. A hub that does not know the site has no key to sign with; whoever else says so gains
  /// nothing by it.
  private func foreign(_ response: LinkResponse) -> LinkProblem {
    let answer = try? JSONDecoder().decode(LinkAnswer.self, from: Data(response.body))
    let isRefusal = answer?.refused.map { [.unknownSite, .badSignature].contains($0.code) } ?? false
    return isRefusal ? .key : .portal
  }

  private func failed(_ id: Int, _ request: Request, _ what: LinkProblem) {
    if problem != what { logger.warning("The link does not work", metadata: ["problem": "\(what.rawValue)"]) }
    problem = what
    metrics.failures.increment()
    isConnected = false
    if case .batch(let parcel) = request.kind { order.lost(parcel) }
    keeper.failed(id, chance: .random(in: 0...1), now: now)
  }

  private func taken(_ response: LinkResponse, _ request: Request) {
    if request.kind == .session, response.status == 200 {
      guard let welcome = try? JSONDecoder().decode(LinkWelcome.self, from: Data(response.body)) else {
        return refused(nil, retryAfter: nil)
      }
      heardClock(welcome.clock, in: request)
      keeper.settings.largestRequest = min(
        LinkKeeper.Settings().largestRequest, max(64 << 10, welcome.batchBytes * 3 / 4))
      keeper.settings.inFlight = max(1, min(options.inFlight, welcome.inFlight))
      return use(session: welcome.session)
    }
    let answer = try? JSONDecoder().decode(LinkAnswer.self, from: Data(response.body))
    if let answer { heardClock(answer.clock, in: request) }
    guard let answer, response.status == 200, answer.refused == nil else {
      if case .batch(let parcel) = request.kind {
        if let answer { apply(order.refused(parcel, answer, now: now)) } else { order.lost(parcel) }
      }
      return refused(answer?.refused, retryAfter: answer?.retryAfter, of: request)
    }
    batchTaken()
    heardCursor = request.heard
    if let cursor = answer.demandCursor { demandCursor = cursor }
    let parcel: Int? = if case .batch(let parcel) = request.kind { parcel } else { nil }
    // It takes objects again; if it does not, what follows says so.
    if problem == .hubFull, parcel.flatMap({ order.parcels[$0]?.hasObjects }) ?? false { problem = nil }
    apply(parcel.map { order.acknowledged($0, answer, now: now) } ?? SendOrder.Outcome(cases: answer.cases))
    for demand in answer.demands { order.demand(demand, now: now) }
    if !answer.demands.isEmpty { view.plan(at: now) }
  }

  private func apply(_ outcome: SendOrder.Outcome) {
    do {
      if !outcome.receipts.isEmpty { try archive.outbox.acknowledge(outcome.receipts) }
      for receipt in outcome.cases { try archive.cases.acknowledge(receipt.number, revision: receipt.revision) }
      for refusal in outcome.refusedCases {
        try archive.cases.refuse(refusal)
        logger.warning(
          "The hub does not take a case; it waits until it is changed",
          metadata: [
            "case": "\(refusal.number)", "code": "\(refusal.code.rawValue)", "field": "\(refusal.field ?? "")",
          ])
      }
    } catch {
      // The hub tells it again when the objects are announced again.
      logger.error("The hub's receipts cannot be kept", metadata: ["error": "\(error)"])
      problem = .archive
    }
    note(outcome.failed)
    if outcome.isHubFull { problem = .hubFull }
  }

  /// Keeps in mind that objects failed.
  func note(_ failures: [SendOrder.Failure]) {
    for failure in failures {
      logger.warning(
        "An object failed", metadata: ["reason": "\(failure.reason)", "aside": "\(failure.isAside)"])
      do {
        if try !archive.outbox.noteFailure(failure.id, reason: failure.reason), failure.isAside {
          try archive.outbox.setAside(failure.id, reason: failure.reason)
        }
      } catch {
        logger.error("A failure cannot be kept in mind", metadata: ["error": "\(error)"])
      }
    }
  }

  /// The hub itself says no.
  private func refused(_ refusal: LinkRefusal?, retryAfter: Int?, of request: Request? = nil) {
    let chance = Double.random(in: 0...1)
    func wait(_ seconds: Int) {
      keeper.backOff(least: .seconds(min(retryAfter ?? seconds, 3600)), chance: chance, now: now)
    }
    switch refusal?.code {
    case .sessionUnknown?:
      if request?.session == session { use(session: nil) }
    case .replayed?:
      break  // it goes again under another number
    case .tooLarge?:
      keeper.settings.largestRequest = max(64 << 10, keeper.settings.largestRequest / 2)
    case .busy?:
      wait(1)
    case .hubFull?:
      problem = .hubFull
      wait(30)
    case .unknownSite?, .badSignature?:
      problem = .key
      wait(60)
    default:
      logger.warning(
        "The hub refuses", metadata: ["code": "\(refusal?.code.rawValue ?? "none")", "text": "\(refusal?.text ?? "")"])
      problem = .refused
      wait(30)
    }
  }
}
