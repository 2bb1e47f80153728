import Archive
import Foundation
import Logging

/// What goes on the line, and when.
extension LinkEngine {
  /// Puts on the line what may go now.
  func pump() {
    for id in keeper.overdue(now: now) { giveUp(id) }
    wake(at: keeper.nextDeadline)
    order.hold = hold
    while true {
      let flying = requests.values.compactMap(\.urgency).min()
      let isFirst = isMoreUrgent(than: flying)
      let isFull = requests.values.count { $0.kind != .heartbeat } >= options.inFlight
      guard case .send(var bytes) = advice(isUrgent: isFirst && isFull) else { return }
      // It shares the line with the others, and is of use when its last byte is there.
      if isFirst, flying != nil { bytes = min(bytes, keeper.settings.firstRequest) }
      guard session != nil else {
        if !requests.values.contains(where: { $0.kind == .session }) { openSession() }
        return
      }
      guard sendBatch(of: bytes) else { return beatIfDue() }
    }
  }

  private func advice(isUrgent: Bool) -> LinkKeeper.Advice {
    let advice = keeper.advice(isUrgent: isUrgent, now: now)
    if case .wait(let until) = advice { wake(at: until) }
    return advice
  }

  private func isMoreUrgent(than flying: Urgency?) -> Bool {
    guard let waiting = order.mostUrgent(now: now), waiting != .routine else { return false }
    return flying.map { waiting < $0 } ?? true
  }

  /// Why originals wait now.
  var hold: SendOrder.Hold? {
    if let budget = options.monthlyBudget, month.bytes >= budget { return .budget }
    guard !options.originalsWindows.isEmpty else { return nil }
    let time = Calendar.current.dateComponents([.hour, .minute], from: date)
    let minute = (time.hour ?? 0) * 60 + (time.minute ?? 0)
    return options.originalsWindows.contains { $0.contains(minute: minute) } ? nil : .calendar
  }

  private func openSession() {
    let nonce = LinkSigner.nonce()
    guard let body = try? JSONEncoder().encode(LinkHello(nonce: nonce, software: options.version)) else { return }
    send(.session, path: LinkProtocol.sessionPath, session: nonce, number: 0, body: Array(body), urgency: nil)
  }

  /// Says whether there was something to send.
  private func sendBatch(of bytes: Int) -> Bool {
    guard let session else { return false }
    for _ in 0..<8 {
      // While others fill the line, nothing less urgent lengthens what is urgent.
      let isAlone = requests.values.allSatisfy { $0.kind == .heartbeat }
      guard let parcel = order.next(budget: bytes, fillsUp: isAlone, now: now) else { return false }
      if let time = waitsForMore(parcel, bytes) {
        order.lost(parcel.id)
        wake(at: time)
        return false
      }
      do {
        let more = moreRecords(isIdle: false)
        let (body, packed) = try builder.build(parcel, manifests: view.manifests, more: more)
        order.learnPacking(bytes: parcel.headerBytes, became: packed)
        send(
          .batch(parcel: parcel.id), path: LinkProtocol.batchPath, session: session, number: takeNumber(), body: body,
          urgency: parcel.urgency, isFull: parcel.estimate * 10 >= bytes * 7)
        return true
      } catch {
        order.lost(parcel.id)
        cannotBuild(error)
      }
    }
    return false
  }

  /// Images are being prepared, one after the other, and a request is on its way: what is ready waits a moment for what will be. Else two
  /// requests of an image each would hold both places for a round trip.
  private func waitsForMore(_ parcel: Parcel, _ bytes: Int) -> Duration? {
    let until = lastSent + min(.milliseconds(300), (keeper.roundTrip ?? .zero) / 2)
    guard parcel.urgency == .routine, parcel.forms.isEmpty, parcel.estimate * 2 < bytes, until > now,
      requests.values.contains(where: { $0.urgency != nil }), view.studies.contains(where: { $0.settled < $0.objects })
    else { return nil }
    return until
  }

  private func cannotBuild(_ error: any Error) {
    view.isStale = true
    guard let unreadable = error as? BatchBuilder.Unreadable else {
      // A case or manifest that changed meanwhile: the next look at the archive finds the new one.
      logger.warning("A batch could not be made", metadata: ["error": "\(error)"])
      return view.forget()
    }
    view.reload(unreadable.study)
    note(order.unreadable(unreadable.digest, reason: unreadable.reason, now: now))
  }

  /// The site is there, though it has nothing to send; after a failure also the question whether the hub is.
  ///
  /// Two at once, the second without content: so both connections are open when an image comes, and opening one takes a round trip, with TLS two.
  private func beatIfDue() {
    let due = isBeatDue ? now : lastSent + options.heartbeat
    guard session != nil, keeper.failures > 0 || due <= now, requests.isEmpty else {
      return wake(at: requests.isEmpty ? due : nil)
    }
    isBeatDue = false
    beat(moreRecords(isIdle: true))
    if keeper.failures == 0, options.inFlight > 1 { beat([]) }
  }

  private func beat(_ records: [BatchRecord]) {
    guard let session else { return }
    var writer = BatchWriter()
    do {
      for record in records { try writer.append(record) }
    } catch {
      return logger.error("A heartbeat could not be made", metadata: ["error": "\(error)"])
    }
    send(
      .heartbeat, path: LinkProtocol.batchPath, session: session, number: takeNumber(), body: writer.finish(),
      urgency: nil)
  }

  /// Health, now and then, and what was heard of the hub's wishes.
  private func moreRecords(isIdle: Bool) -> [BatchRecord] {
    var records: [BatchRecord] = []
    if isIdle || lastHealth.map({ now - $0 > Self.healthEvery }) ?? true {
      lastHealth = now
      records.append(.health(health()))
    }
    if let demandCursor, demandCursor != heardCursor { records.append(.heard(LinkHeard(demandCursor: demandCursor))) }
    return records
  }

  private func takeNumber() -> UInt64 {
    defer { nextNumber += 1 }
    return nextNumber
  }

  private func send(
    _ kind: Request.Kind, path: String, session: String, number: UInt64, body: [UInt8], urgency: Urgency?,
    isFull: Bool = false
  ) {
    let id = requestsMade
    requestsMade += 1
    let credentials = signer.header(method: "POST", path: path, session: session, number: number, body: body)
    let type = kind == .session ? LinkProtocol.jsonType : LinkProtocol.batchType
    let headers = [LinkProtocol.credentialsHeader: credentials, "Content-Type": type]
    let request = LinkRequest(method: "POST", path: path, headers: headers, body: body)
    // Line, header fields and TLS: about so much beside the body.
    let bytes = body.count + 400
    keeper.started(
      id, bytes: bytes, isUrgent: urgency.map { $0 < .routine } ?? false, isFull: isFull,
      isHeartbeat: kind == .heartbeat, otherTrips: isConnected ? 0 : options.hub.hasPrefix("https") ? 2 : 1, now: now)
    lastSent = now
    wake(at: keeper.nextDeadline)
    let task = Task { [transport, mailbox] in
      do {
        mailbox.post(.answered(request: id, .success(try await transport.send(request))))
      } catch {
        mailbox.post(.answered(request: id, .failure(error)))
      }
    }
    requests[id] = Request(
      kind: kind, session: session, number: number, bytes: bytes, urgency: urgency, sentAt: lastSent,
      heard: demandCursor, task: task)
  }

  /// Nothing came of a request for too long.
  private func giveUp(_ id: Int) {
    guard let request = requests.removeValue(forKey: id) else { return }
    request.task.cancel()
    problem = .interrupted
    isConnected = false
    count(request.bytes)
    metrics.failures.increment()
    if case .batch(let parcel) = request.kind { order.lost(parcel) }
    keeper.failed(id, isStalled: true, chance: .random(in: 0...1), now: now)
  }
}
