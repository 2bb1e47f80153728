import Foundation

/// Speaks the link to a hub for a site whose batches came by courier, signed with the site's key.
///
/// The hub treats them like those that come over the air. One request at a time: there is no round trip to be filled.
struct CourierLink {
  /// What the hub takes, as it says itself.
  struct Limits {
    var bytes: Int
    var records: Int
  }

  /// Tries of one batch before the import gives up: half a minute, in which a hub that is started anew comes back. Of the first request
  /// fewer, as the address may be wrong.
  private static let tries = (first: 4, later: 7)

  private let peer: CourierPeer
  private let signer: LinkSigner
  private var welcome: LinkWelcome?
  private var number: UInt64 = 0
  /// Of the first wait; each is twice the one before.
  private let pause: Duration

  init(to peer: CourierPeer, as key: SiteKey, pause: Duration = .milliseconds(500)) {
    self.peer = peer
    self.pause = pause
    signer = LinkSigner(key: key)
  }

  /// - Throws: ``CourierFailure``.
  mutating func limits() async throws -> Limits {
    let welcome = try await patiently(Self.tries.first) { try await $0.opened() }
    // No less than any hub takes: a wrong answer must not make batches of nothing.
    return Limits(bytes: max(welcome.batchBytes, 1 << 20 + 4096), records: max(welcome.batchRecords, 64))
  }

  /// Sends a batch. In an answer with ``LinkAnswer/refused`` what came before counts.
  ///
  /// - Throws: ``CourierFailure``; nil is answered to a batch that the hub cannot use.
  mutating func send(_ batch: [UInt8]) async throws -> LinkAnswer? {
    try await patiently(Self.tries.later) { link in
      _ = try await link.opened()
      let (status, answer) = try await link.exchange(LinkProtocol.batchPath, batch)
      guard let refused = answer.refused else { return answer }
      switch refused.code {
      case .sessionUnknown:
        // The hub was started anew.
        link.welcome = nil
        throw Again()
      case .replayed: throw Again()
      case .busy: throw Again(after: answer.retryAfter)
      case .hubFull: return status == 200 ? answer : LinkAnswer(clock: answer.clock, refused: refused)
      case .malformed, .tooLarge: return nil
      default: throw Again(after: 1, because: refused.text)
      }
    }
  }

  // MARK: Tries

  private struct Again: Error {
    var after: Int?
    var because: String?
  }

  /// Does something until it works, at most so often.
  private mutating func patiently<R>(_ tries: Int, _ body: (inout CourierLink) async throws -> R) async throws -> R {
    var wait = pause
    var last: CourierFailure = .unreachable(peer.name)
    for turn in 1...tries {
      do {
        return try await body(&self)
      } catch let again as Again {
        last = again.because.map { .archive($0) } ?? .archive("The hub is busy with other requests of this site.")
        if let seconds = again.after { wait = max(wait, .seconds(min(seconds, 10))) }
      } catch let failure as CourierFailure {
        guard case .unreachable = failure, peer.isElsewhere else { throw failure }
        last = failure
        welcome = nil
      }
      if turn < tries { try await Task.sleep(for: wait) }
      wait = min(wait * 2, .seconds(8))
    }
    throw last
  }

  private mutating func opened() async throws -> LinkWelcome {
    if let welcome { return welcome }
    let nonce = LinkSigner.nonce()
    let body = [UInt8](try JSONEncoder().encode(LinkHello(nonce: nonce, isCourier: true)))
    let response = try await ask(LinkProtocol.sessionPath, session: nonce, number: 0, body)
    if response.status == 200, let new = try? JSONDecoder().decode(LinkWelcome.self, from: Data(response.body)) {
      welcome = new
      number = 0
      return new
    }
    guard let answer = try? JSONDecoder().decode(LinkAnswer.self, from: Data(response.body)),
      let refused = answer.refused
    else { throw CourierFailure.stranger(peer.name) }
    throw Again(after: answer.retryAfter, because: refused.text)
  }

  private mutating func exchange(_ path: String, _ body: [UInt8]) async throws -> (status: Int, answer: LinkAnswer) {
    number += 1
    let response = try await ask(path, session: welcome?.session ?? "", number: number, body)
    guard let answer = try? JSONDecoder().decode(LinkAnswer.self, from: Data(response.body)) else {
      throw CourierFailure.stranger(peer.name)
    }
    return (response.status, answer)
  }

  /// An answer that is the hub's own.
  private func ask(_ path: String, session: String, number: UInt64, _ body: [UInt8]) async throws -> LinkResponse {
    let header = signer.header(method: "POST", path: path, session: session, number: number, body: body)
    let response: LinkResponse
    do {
      response = try await peer.transport.send(
        LinkRequest(
          method: "POST", path: path,
          headers: [LinkProtocol.credentialsHeader.lowercased(): header, "content-type": LinkProtocol.batchType],
          body: body))
    } catch {
      throw CourierFailure.unreachable(peer.name)
    }
    let mac = response.headers[LinkProtocol.answerHeader.lowercased()]
    if signer.believes(status: response.status, body: response.body, mac: mac, session: session, number: number) {
      return response
    }
    // What the hub refuses before it knows who speaks, it does not sign.
    let refused = (try? JSONDecoder().decode(LinkAnswer.self, from: Data(response.body)))?.refused?.code
    if refused == .badSignature || refused == .unknownSite { throw CourierFailure.hubRefuses(site: signer.site) }
    if response.status == 503 { throw Again(after: 2) }
    throw CourierFailure.stranger(peer.name)
  }
}
