import Archive
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Web

extension TestClientProtocol {
  /// One request to `/api/v1`, with a body of JSON.
  func api(
    _ method: HTTPRequest.Method, _ path: String, _ json: String? = nil, _ headers: HTTPFields = [:]
  ) async throws -> TestResponse {
    var headers = headers
    if json != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
    return try await execute(
      uri: "/api/v1" + path, method: method, headers: headers, body: json.map { ByteBuffer(string: $0) })
  }

  /// Opens a case.
  func open(_ json: String) async throws -> Case { try await api(.post, "/cases", json).item() }
}

extension TestResponse {
  func item() throws -> Case { try JSONDecoder().decode(Case.self, from: Data(bytes)) }

  func object() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  /// The code of a refusal.
  func code() throws -> String? { try object()["code"] as? String }
}

extension Case {
  /// As a site made it.
  static func make(_ change: (inout Case) -> Void = { _ in }) -> Case {
    var item = Case(
      number: CaseNumber("MIDELT-26-00042" + Case.check(of: "MIDELT-26-00042"))!.text, site: "MIDELT",
      urgency: .urgent, patient: CasePatient(id: "12", issuer: "MIDELT", name: "Béchir^Salma=بشير^سلمى"),
      question: "Fracture ?", studies: ["2.25.1"])
    change(&item)
    return item
  }

  /// The one character with which these become a number.
  private static func check(of text: String) -> String {
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".map(String.init).first { CaseNumber(text + $0) != nil }!
  }
}
