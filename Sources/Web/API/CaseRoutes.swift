import Archive
import DICOM
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix

/// `/api/v1`: cases, the studies that belong to them, and how far these are; see <doc:CasesAPI>.
struct CaseRoutes: Sendable {
  typealias Handler = @Sendable (Request, WebContext) async throws -> Response

  let archive: Archive
  let addresses: PublicAddress
  /// For what waits for the disk.
  let threads: NIOThreadPool

  static let root = "/api/v1"
  private static let longestBody = 256 << 10
  private static let mostRows = 500

  func add(to router: Router<WebContext>) {
    let table: [(HTTPRequest.Method, String, Handler)] = [
      (.get, "/cases", list), (.post, "/cases", create), (.get, "/cases/:number", read),
      (.patch, "/cases/:number", update), (.post, "/cases/:number/seal", seal),
      (.post, "/cases/:number/override", override),
      (.put, "/cases/:number/studies/:study", assign), (.delete, "/cases/:number/studies/:study", unassign),
      (.get, "/studies/:study/progress", studyProgress), (.get, "/unassigned", unassigned),
      (.get, "/worklist", worklist), (.get, "/events", events),
    ]
    for (method, path, handler) in table {
      router.on(RouterPath(Self.root + path), method: method) { request, context in
        do {
          return try await handler(request, context)
        } catch let error as CancellationError {
          throw error
        } catch {
          let failure = APIFailure(error)
          if failure.code == .unavailable {
            context.logger.error(
              "A request failed", metadata: ["route": "\(Self.root + path)", "error": "\(type(of: error))"])
          }
          return failure.response(to: request)
        }
      }
    }
  }

  // MARK: - Cases

  private func list(_ request: Request, _ context: WebContext) async throws -> Response {
    let filter = filter(QueryString(request.uri.query))
    return try await blocking { archive in
      let version = archive.changes.version
      let list = try archive.cases.list(filter)
      let known = try archive.cases.standings(of: list.cases.map(\.number))
      let cases = try list.cases.map { try CaseJSON.object($0, with: CaseJSON.members(of: known[$0.number])) }
      return json("{\"cases\":\(CaseJSON.array(cases)),\"total\":\(list.total),\"version\":\(version)}")
    }
  }

  /// What a list is asked for; words that mean nothing ask for nothing.
  func filter(_ query: QueryString) -> CaseFilter {
    var filter = CaseFilter()
    filter.urgency = query.first("urgency").flatMap { Urgency(rawValue: $0) }
    filter.site = query.first("site").flatMap { $0.isEmpty ? nil : $0 }
    filter.state = query.first("state").flatMap { Case.State(rawValue: $0) }
    filter.text = String((query.first("text") ?? "").prefix(200))
    filter.limit = Self.rows(query)
    filter.offset = max(0, query.first("offset").flatMap { Int($0) } ?? 0)
    return filter
  }

  private static func rows(_ query: QueryString) -> Int {
    min(mostRows, max(0, query.first("limit").flatMap { Int($0) } ?? 100))
  }

  private func create(_ request: Request, _ context: WebContext) async throws -> Response {
    let body = try CaseJSON.body(try await bytes(of: request))
    let who = who(context)
    return try await blocking { archive in
      let made = try archive.cases.create(body.form, by: who)
      var response = try answer(made, status: .created)
      response.headers[.location] = "\(Self.root)/cases/\(made.number)"
      return response
    }
  }

  private func read(_ request: Request, _ context: WebContext) async throws -> Response {
    let number = try number(context)
    let opened = EmergencyOverride.cases(request)
    return try await blocking { archive in
      guard let found = try archive.cases.get(number) else { throw CaseFailure.unknown(number) }
      var members = try Self.standing(found, opened: opened, archive)
      members += CaseJSON.members(of: try archive.cases.standings(of: [found.number])[found.number])
      members.append("\"events\":\(CaseJSON.events(try archive.cases.events(of: found.number)))")
      return try answer(found, with: members)
    }
  }

  private func update(_ request: Request, _ context: WebContext) async throws -> Response {
    let number = try number(context)
    let body = try CaseJSON.body(try await bytes(of: request))
    let header = request.headers[.ifMatch].map { $0.filter { $0 != "\"" && $0 != " " } }
    let isAny = header == "*"
    guard let revision = header.flatMap({ Int($0) }) ?? body.revision ?? (isAny ? 0 : nil) else {
      throw APIFailure(header == nil ? .revisionMissing : .malformed)
    }
    let who = who(context)
    return try await blocking { archive in
      guard let found = try archive.cases.get(number) else { throw CaseFailure.unknown(number) }
      do {
        return try answer(
          try archive.cases.update(found.number, revision: isAny ? nil : revision, body.form, by: who))
      } catch CaseFailure.changed(let revision) {
        throw APIFailure(.changed, revision: revision, present: try archive.cases.get(found.number))
      }
    }
  }

  private func seal(_ request: Request, _ context: WebContext) async throws -> Response {
    let number = try number(context)
    let who = who(context)
    return try await blocking { archive in
      guard let found = try archive.cases.get(number) else { throw CaseFailure.unknown(number) }
      return try answer(try archive.cases.seal(found.number, by: .staff, who: who))
    }
  }

  /// Opens the pictures of a case without consent, for an emergency, to this browser for an hour.
  private func override(_ request: Request, _ context: WebContext) async throws -> Response {
    let number = try number(context)
    let reason = try CaseJSON.reason(try await bytes(of: request))
    let opened = EmergencyOverride.cases(request)
    let who = who(context)
    return try await blocking { archive in
      guard let found = try archive.cases.get(number) else { throw CaseFailure.unknown(number) }
      try archive.cases.noteOverride(found.number, by: who, reason: reason)
      let members = try Self.standing(found, opened: opened.union([found.number]), archive)
      var response = try answer(found, with: members)
      response.headers[.setCookie] = EmergencyOverride.cookie(opened, and: found.number)
      return response
    }
  }

  // MARK: - Studies

  private func assign(_ request: Request, _ context: WebContext) async throws -> Response {
    try await move(context) { try $0.assign(study: $1, to: $2, by: $3) }
  }

  private func unassign(_ request: Request, _ context: WebContext) async throws -> Response {
    try await move(context) { try $0.unassign(study: $1, from: $2, by: $3) }
  }

  private func move(
    _ context: WebContext, _ change: @escaping @Sendable (Cases, String, String, String) throws -> Case
  ) async throws -> Response {
    let number = try number(context)
    let study = try ResourceScope(context).study.rawValue
    let who = who(context)
    return try await blocking { archive in
      guard let found = try archive.cases.get(number) else { throw CaseFailure.unknown(number) }
      return try answer(try change(archive.cases, study, found.number, who))
    }
  }

  private func unassigned(_ request: Request, _ context: WebContext) async throws -> Response {
    let query = QueryString(request.uri.query)
    let (limit, offset) = (Self.rows(query), max(0, query.first("offset").flatMap { Int($0) } ?? 0))
    return try await blocking { archive in
      let version = archive.changes.version
      let studies = try archive.cases.unassigned(limit: limit, offset: offset)
      let texts = studies.map { CaseJSON.unassigned($0) }
      return json("{\"studies\":\(CaseJSON.array(texts)),\"version\":\(version)}")
    }
  }

  // MARK: - Parts of requests and answers

  private func bytes(of request: Request) async throws -> ByteBuffer {
    guard let type = request.headers[.contentType].flatMap({ MediaRange($0) }), type.subtype.hasSuffix("json") else {
      throw APIFailure(.notJSON)
    }
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.longestBody {
      throw APIFailure(.tooLarge)
    }
    var bytes = ByteBuffer()
    for try await piece in request.body {
      guard bytes.readableBytes + piece.readableBytes <= Self.longestBody else { throw APIFailure(.tooLarge) }
      bytes.writeImmutableBuffer(piece)
    }
    return bytes
  }

  private func number(_ context: WebContext) throws(APIFailure) -> String {
    guard let text = context.parameters.get("number"), (1...32).contains(text.utf8.count) else {
      throw APIFailure(.unknownCase)
    }
    return text
  }

  /// Who does this, for the history: until there are users, from where.
  private func who(_ context: WebContext) -> String { context.peerAddress ?? "web" }

  func blocking(_ body: @escaping @Sendable (Archive) throws -> Response) async throws -> Response {
    let archive = archive
    return try await threads.runIfActive { try body(archive) }
  }

  private func answer(
    _ item: Case, with members: [String] = [], status: HTTPResponse.Status = .ok
  ) throws -> Response {
    var response = json(try CaseJSON.object(item, with: members))
    response.status = status
    response.headers[.eTag] = EntityTag("\(item.revision)").text
    return response
  }

  func json(_ text: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
  }
}
