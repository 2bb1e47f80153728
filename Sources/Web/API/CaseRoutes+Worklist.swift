import Archive
import DICOM
import Foundation
import Hummingbird

extension CaseRoutes {
  /// Cases with how far each of their studies is.
  func worklist(_ request: Request, _ context: WebContext) async throws -> Response {
    let query = QueryString(request.uri.query)
    var filter = filter(query)
    if query.first("state") == nil { filter.state = .open }
    let opened = EmergencyOverride.cases(request)
    return try await blocking { [filter] archive in
      let version = archive.changes.version
      let list = try archive.cases.list(filter)
      let known = try archive.cases.standings(of: list.cases.map(\.number))
      let cases = try list.cases.map { item in
        try CaseJSON.object(
          item, with: Self.standing(item, opened: opened, archive) + CaseJSON.members(of: known[item.number]))
      }
      let members = [
        "\"cases\":\(CaseJSON.array(cases))", "\"total\":\(list.total)", "\"version\":\(version)",
        "\"site\":\(JSONText.string(archive.cases.site))",
        "\"sites\":\(CaseJSON.array(try archive.cases.sites().map { JSONText.string($0) }))",
      ]
      return json("{" + members.joined(separator: ",") + "}")
    }
  }

  /// How far a case's studies are, and whether it is opened without consent.
  static func standing(_ item: Case, opened: Set<String>, _ archive: Archive) throws -> [String] {
    let progress = try item.studies.map { try Self.progress($0, archive) }
    return ["\"progress\":\(CaseJSON.array(progress))", "\"overridden\":\(opened.contains(item.number))"]
  }

  /// How far one study is, whether it belongs to a case or not. Tells nothing of its patient.
  func studyProgress(_ request: Request, _ context: WebContext) async throws -> Response {
    let study = UID(rawValue: context.parameters.get("study") ?? "")
    guard study.isWellFormed else { throw APIFailure(.unknownStudy) }
    return try await blocking { archive in json(try Self.progress(study.rawValue, archive)) }
  }

  private static func progress(_ study: String, _ archive: Archive) throws -> String {
    let kept = try archive.cases.summary(ofStudy: study)
    let link = try archive.arrivals.progress(study: UID(rawValue: study))
    let instances = kept?.instances ?? 0
    var members: [String] = [
      "\"study\":\(JSONText.string(study))",
      "\"modalities\":\(CaseJSON.array((kept?.modalities ?? []).map { JSONText.string($0) }))",
      "\"description\":\(JSONText.string(kept?.description ?? ""))",
      "\"studyDate\":\(JSONText.string(kept?.studyDate ?? ""))", "\"instances\":\(instances)",
      "\"link\":\(link != nil)",
    ]
    let figures: [(String, Int)] =
      if let link {
        [
          ("expected", link.expected), ("visible", link.visible), ("withThumbnail", link.withThumbnail),
          ("withDraft", link.withDraft), ("withPreview", link.withPreview), ("whole", link.whole),
          ("bytesExpected", link.bytesExpected),
          ("bytesHere", link.bytesHere), ("percent", percent(link)),
        ]
      } else {
        ["expected", "visible", "withThumbnail", "withDraft", "withPreview", "whole"].map { ($0, instances) } + [
          ("percent", instances > 0 ? 100 : 0)
        ]
      }
    members += figures.map { "\"\($0.0)\":\($0.1)" }
    if let link {
      members += [
        "\"sealed\":\(link.sealed)", "\"sealedBy\":\(link.sealedBy.map { JSONText.string($0.rawValue) } ?? "null")",
        "\"isComplete\":\(link.isComplete)",
        "\"lastArrivalAt\":\(link.lastArrivalAt.map { JSONText.string(CaseJSON.time($0)) } ?? "null")",
      ]
    }
    return "{" + members.joined(separator: ",") + "}"
  }

  /// 100 only when everything is here.
  private static func percent(_ link: StudyProgress) -> Int {
    if link.isComplete || (link.expected > 0 && link.whole >= link.expected) { return 100 }
    return link.bytesExpected > 0 ? min(99, max(0, link.bytesHere) * 100 / link.bytesExpected) : 0
  }
}
