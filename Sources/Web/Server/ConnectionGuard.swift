import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections whose client holds them without using them, and answers `Expect: 100-continue`.
///
/// It sees what was asked of the client (a read that brings nothing) and what was offered to it (bytes it does not take), so
/// a slow disk of ours is never taken for a slow client. Everything happens on the channel's event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let limits: WebLimits
  private var timer: RepeatedTask?
  /// How often the clock is looked at: the limits are kept to this precision.
  private let tick: Duration

  /// No request is being read or answered since then.
  private var idleSince: NIODeadline? = .now()
  private var requestsInProgress = 0
  /// The client has proven who it is, as only sites do: it may be silent between two heartbeats.
  private var isTrusted = false
  private var isOnLink = false
  private var isReadingBody = false
  private var bodyBytes = 0
  private var bodyWaited = Duration.zero
  private var readWantedSince: NIODeadline?
  private var unwritableSince: NIODeadline?
  private var isQuiescing = false
  private var closesAfterAnswer = false

  init(limits: WebLimits) {
    self.limits = limits
    tick = min(.seconds(2), limits.headTimeout / 2, limits.bodySilence / 2)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let every = TimeAmount.nanoseconds(tick.nanoseconds)
    timer = context.eventLoop.scheduleRepeatedTask(initialDelay: every, delay: every) { _ in
      let (guardian, context) = bound.value
      guardian.look(context)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  // MARK: What the client sends

  func read(context: ChannelHandlerContext) {
    if readWantedSince == nil { readWantedSince = .now() }
    context.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      idleSince = nil
      requestsInProgress += 1
      isOnLink = head.path?.hasPrefix("/link/") ?? false
      isReadingBody = true
      bodyBytes = 0
      bodyWaited = .zero
      if head.headerFields[.expect]?.lowercased() == "100-continue", requestsInProgress == 1 {
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
      }
    case .body(let bytes): bodyBytes += bytes.readableBytes
    case .end:
      isReadingBody = false
      if requestsInProgress == 0 { idleSince = .now() }
    }
    noteArrival()
    context.fireChannelRead(data)
  }

  private func noteArrival() {
    guard let since = readWantedSince else { return }
    if isReadingBody { bodyWaited += since.elapsed }
    readWantedSince = .now()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    readWantedSince = nil
    context.fireChannelReadComplete()
  }

  // MARK: What we send

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      if head.headerFields[.connection]?.lowercased() == "close" { closesAfterAnswer = true }
      if isOnLink, head.status == .ok { isTrusted = true }
    case .body: break
    case .end:
      requestsInProgress = max(0, requestsInProgress - 1)
      if requestsInProgress == 0, !isReadingBody { idleSince = .now() }
      if closesAfterAnswer {
        context.writeAndFlush(data, promise: promise)
        return lingerAndClose(context)
      }
    }
    context.write(data, promise: promise)
  }

  /// Our half is closed at once; the client gets a moment to read the answer before its further bytes meet a reset.
  private func lingerAndClose(_ context: ChannelHandlerContext) {
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.close(mode: .output, promise: nil)
    context.eventLoop.scheduleTask(in: .seconds(3)) { bound.value.close(promise: nil) }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    unwritableSince = context.channel.isWritable ? nil : .now()
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent { isQuiescing = true }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: The clock

  private func look(_ context: ChannelHandlerContext) {
    if let idleSince, idleSince.elapsed > (isTrusted ? limits.siteSilence : limits.headTimeout) {
      return close(context)
    }
    if let unwritableSince, unwritableSince.elapsed > (isQuiescing ? .seconds(5) : limits.writeSilence) {
      return close(context)
    }
    guard isReadingBody, let readWantedSince else { return }
    let silence = readWantedSince.elapsed
    if silence > (isQuiescing ? min(.seconds(2), limits.bodySilence) : limits.bodySilence) { return close(context) }
    let waited = bodyWaited + silence
    if waited > limits.bodySilence, Double(bodyBytes) < Double(limits.bodyRate) * (waited / .seconds(1)) {
      close(context)
    }
  }

  private func close(_ context: ChannelHandlerContext) {
    timer?.cancel()
    context.close(promise: nil)
  }
}

extension NIODeadline {
  fileprivate var elapsed: Duration { .nanoseconds((NIODeadline.now() - self).nanoseconds) }
}
