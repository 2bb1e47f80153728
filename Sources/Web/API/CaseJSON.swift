import Archive
import Foundation
import NIOCore

/// Cases as JSON; see <doc:CasesAPI>.
enum CaseJSON {
  /// What somebody sends to make or to change a case.
  struct Body: Decodable {
    var form: CaseForm
    var revision: Int?

    private enum CodingKeys: String, CodingKey { case revision }

    init(from decoder: any Decoder) throws {
      form = try CaseForm(from: decoder)
      revision = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Int.self, forKey: .revision)
    }
  }

  static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// One JSON object with further members behind its own.
  static func object(_ value: some Encodable, with members: [String]) throws -> String {
    let text = try text(value)
    return members.isEmpty ? text : text.dropLast() + "," + members.joined(separator: ",") + "}"
  }

  static func array(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }

  static func body(_ bytes: ByteBuffer) throws(APIFailure) -> Body {
    do {
      return try JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView))
    } catch let error as DecodingError {
      throw APIFailure(.malformed, field: field(of: error))
    } catch {
      throw APIFailure(.malformed)
    }
  }

  /// Why pictures are opened without consent.
  static func reason(_ bytes: ByteBuffer) throws(APIFailure) -> String {
    struct Body: Decodable { var reason: String }
    guard let body = try? JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView)) else {
      throw APIFailure(.malformed, field: "reason")
    }
    let reason = body.reason.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard (3...200).contains(reason.count) else { throw APIFailure(.invalid, field: "reason") }
    return reason
  }

  /// Where in the body the wrong value stands; names only.
  private static func field(of error: DecodingError) -> String? {
    let path: [any CodingKey] =
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
        .dataCorrupted(let context):
        context.codingPath
      @unknown default: []
      }
    return path.isEmpty ? nil : path.map(\.stringValue).joined(separator: ".")
  }

  /// What is known of a case besides what it says itself: since when it is here, and whether the hub has it.
  static func members(of standing: CaseStanding?) -> [String] {
    var members: [String] = []
    if let date = standing?.heardAt { members.append("\"receivedAt\":\(JSONText.string(time(date)))") }
    switch standing?.delivery {
    case nil: break
    case .waiting: members.append(#""delivery":{"state":"waiting"}"#)
    case .arrived: members.append(#""delivery":{"state":"arrived"}"#)
    case .refused(let refusal, let at):
      var texts = [
        ("state", "refused"), ("code", refusal.code.rawValue), ("text", refusal.text), ("at", time(at)),
      ]
      if let field = refusal.field { texts.append(("field", field)) }
      let fields = texts.map { "\"\($0.0)\":\(JSONText.string($0.1))" } + ["\"revision\":\(refusal.revision)"]
      members.append("\"delivery\":{\(fields.joined(separator: ","))}")
    }
    return members
  }

  static func events(_ events: [CaseEvent]) -> String {
    array(
      events.map { event in
        let members = [("at", time(event.at)), ("who", event.who), ("what", event.what), ("detail", event.detail)]
        return "{" + members.map { "\"\($0.0)\":\(JSONText.string($0.1))" }.joined(separator: ",") + "}"
      })
  }

  static func unassigned(_ study: StudySummary) -> String {
    let texts = [
      ("study", study.study), ("patientID", study.patientID), ("patientName", study.patientName),
      ("accessionNumber", study.accessionNumber), ("studyDate", study.studyDate), ("description", study.description),
      ("receivedAt", time(study.receivedAt)),
    ]
    let members =
      texts.map { "\"\($0.0)\":\(JSONText.string($0.1))" } + [
        "\"modalities\":\(array(study.modalities.map { JSONText.string($0) }))", "\"instances\":\(study.instances)",
      ]
    return "{" + members.joined(separator: ",") + "}"
  }

  static func time(_ date: Date) -> String { date.formatted(.iso8601) }
}
