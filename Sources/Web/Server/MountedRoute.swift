/// A route that another room answers: the command joins the two, in plain types.
public struct MountedRoute: Sendable {
  /// Who may ask.
  public enum Proof: Sendable {
    /// Every request proves who sent it, and the handler checks that: neither `Host` nor `Origin` says anything about it. These are
    /// the only routes that a ``LinkListener`` answers.
    case signed
    /// As for the service's own routes.
    case origin
  }

  /// A request whose body is all there.
  public struct Request: Sendable {
    public var method: String
    /// Without the query.
    public var path: String
    /// By lower-case name; values of fields that came several times are joined with commas.
    public var headers: [String: String]
    public var body: [UInt8]

    public init(method: String, path: String, headers: [String: String] = [:], body: [UInt8] = []) {
      self.method = method
      self.path = path
      self.headers = headers
      self.body = body
    }
  }

  /// What is answered.
  public struct Response: Sendable {
    public var status: Int
    public var headers: [String: String]
    public var body: [UInt8]

    public init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
      self.status = status
      self.headers = headers
      self.body = body
    }
  }

  public var method: String
  /// A fixed path, such as `/link/v1/batch`.
  public var path: String
  /// Bytes of a body; more is answered with 413.
  public var bodyLimit: Int
  public var proof: Proof
  /// Looks at the head of a request, and may answer before its body is read: a stranger's body is worth no memory.
  public var refuses: @Sendable (Request) -> Response?
  /// Must not block: it runs on an event loop.
  public var handler: @Sendable (Request) async -> Response

  public init(
    method: String, path: String, bodyLimit: Int, proof: Proof,
    refuses: @escaping @Sendable (Request) -> Response? = { _ in nil },
    handler: @escaping @Sendable (Request) async -> Response
  ) {
    self.method = method
    self.path = path
    self.bodyLimit = bodyLimit
    self.proof = proof
    self.refuses = refuses
    self.handler = handler
  }
}
