/// A request at the hub's end of the link, free of any HTTP library.
public struct LinkRequest: Sendable {
  public var method: String
  /// Without host and query.
  public var path: String
  /// By lower-case name.
  public var headers: [String: String]
  public var body: [UInt8]

  public init(method: String, path: String, headers: [String: String], body: [UInt8]) {
    self.method = method
    self.path = path
    self.headers = headers
    self.body = body
  }

  var credentials: LinkCredentials? {
    headers[LinkProtocol.credentialsHeader.lowercased()].flatMap { LinkCredentials($0) }
  }
}

/// The hub's answer.
public struct LinkResponse: Sendable, Equatable {
  public var status: Int
  public var headers: [String: String]
  public var body: [UInt8]

  public init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}
