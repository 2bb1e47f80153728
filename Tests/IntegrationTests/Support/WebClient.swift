import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// An answer of the hub's web side.
struct WebAnswer: Sendable {
  let status: Int
  let headers: [String: String]
  let body: Data

  /// The body as JSON.
  var json: Any? { try? JSONSerialization.jsonObject(with: body) }
  /// The body as the list of data sets that DICOMweb answers.
  var dataSets: [[String: Any]] { json as? [[String: Any]] ?? [] }
  var text: String { String(decoding: body, as: UTF8.self) }
}

/// Asks the hub by HTTP, blocking, with a bound on time.
enum WebClient {
  static func request(
    _ method: String = "GET", _ url: String, headers: [String: String] = [:], body: Data? = nil, seconds: Double = 60
  ) throws -> WebAnswer {
    guard let address = URL(string: url) else { throw CommandFailure(description: "not a URL: \(url)") }
    var request = URLRequest(url: address, timeoutInterval: seconds)
    request.httpMethod = method
    request.httpBody = body
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let done = DispatchSemaphore(value: 0)
    let box = Box()
    let task = URLSession.shared.dataTask(with: request) { data, response, error in
      box.set(data, response as? HTTPURLResponse, error)
      done.signal()
    }
    task.resume()
    guard done.wait(timeout: .now() + seconds + 5) == .success else {
      task.cancel()
      throw CommandFailure(description: "\(method) \(address.path) did not answer in \(seconds) s")
    }
    return try box.answer(for: "\(method) \(address.path)")
  }

  static func get(_ url: String, accept: String? = nil) throws -> WebAnswer {
    try request("GET", url, headers: accept.map { ["Accept": $0] } ?? [:])
  }
}

private final class Box: @unchecked Sendable {
  private let lock = NSLock()
  private var result: (Data?, HTTPURLResponse?, (any Error)?)
  func set(_ data: Data?, _ response: HTTPURLResponse?, _ error: (any Error)?) {
    lock.withLock { result = (data, response, error) }
  }
  func answer(for what: String) throws -> WebAnswer {
    try lock.withLock {
      guard let response = result.1 else {
        throw CommandFailure(description: "\(what): \(result.2.map { "\($0)" } ?? "no answer")")
      }
      var headers: [String: String] = [:]
      for (name, value) in response.allHeaderFields {
        headers["\(name)".lowercased()] = "\(value)"
      }
      return WebAnswer(status: response.statusCode, headers: headers, body: result.0 ?? Data())
    }
  }
}
