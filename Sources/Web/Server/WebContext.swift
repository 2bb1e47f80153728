import Hummingbird
import Logging
import NIOCore

/// What a route knows of its request beside the request itself.
public struct WebContext: RequestContext {
  public var coreContext: CoreRequestContextStorage
  /// The peer's address without its port, for the audit trail; nil in tests without a socket.
  let peerAddress: String?

  public init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    peerAddress = source.channel.remoteAddress?.ipAddress
  }
}
