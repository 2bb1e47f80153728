import Archive
import DICOM

/// A QIDO-RS query (PS3.18 §8.3.4) turned into a search.
///
/// What is not known is left out with a warning; what is known but wrong is an error, for its sender believes it was honoured.
struct SearchParameters {
  var query: SearchQuery
  /// Texts for `Warning: 299`.
  var warnings: [String] = []
  /// Whether the client itself asked for at most so many rows.
  var limit: Int?

  /// - Parameter maximum: rows of one answer.
  init(_ parameters: QueryString, level: SearchQuery.Level, study: UID?, series: UID?, maximum: Int) throws(WebFailure)
  {
    if parameters.isMalformed { throw .badRequest("The query is not UTF-8: percent-encode names as UTF-8.") }
    query = SearchQuery(level, study: study, series: series)
    var include: [Tag] = []
    var includesAll = false
    for pair in parameters.pairs {
      switch pair.name {
      case "limit":
        limit = try Self.count(pair)
      case "offset":
        query.offset = try Self.count(pair)
      case "fuzzymatching":
        query.fuzzyMatching = try Self.flag(pair)
      case "includefield":
        for field in pair.value.split(separator: ",") {
          if field == "all" {
            includesAll = true
          } else if let path = Self.path(field) {
            include.append(path[0])
          } else {
            warnings.append("includefield names an attribute that is not in the dictionary; it was left out")
          }
        }
      case "accept", "charset", "": break
      case "emptyvaluematching", "multiplevaluematching":
        if try Self.flag(pair) { warnings.append("\(pair.name) is not supported and was ignored") }
      default:
        guard let path = Self.path(pair.name) else {
          warnings.append("a parameter that is neither an attribute nor one of QIDO-RS was ignored")
          continue
        }
        add(path, pair.value)
      }
    }
    query.include = includesAll ? .all : include.isEmpty ? .default : .tags(include)
    // One row more than may be sent says whether there are more.
    query.limit = min(limit ?? .max, maximum) + (limit.map { $0 <= maximum } ?? false ? 0 : 1)
    // Said once each, however often it applies.
    warnings = warnings.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// Several values for one identifier mean any of them, as OHIF sends them; for other attributes all conditions hold.
  private mutating func add(_ path: [Tag], _ value: String) {
    if let last = path.last, DataDictionary.vr(of: last) == .ui, !value.isEmpty,
      let known = query.matches.firstIndex(where: { $0.path == path && !$0.value.isEmpty })
    {
      query.matches[known].value += "," + value
    } else {
      query.matches.append(AttributeMatch(path, value))
    }
  }

  /// `00100010`, `PatientName`, and both inside sequences: `00400275.ScheduledProcedureStepID`.
  private static func path(_ text: some StringProtocol) -> [Tag]? {
    guard !text.isEmpty, text.utf8.count <= 512 else { return nil }
    var path: [Tag] = []
    for step in text.split(separator: ".", omittingEmptySubsequences: false) {
      guard let tag = Tag(hex: String(step)) ?? DataDictionary.tag(forKeyword: String(step)) else { return nil }
      path.append(tag)
    }
    return path
  }

  private static func count(_ pair: QueryString.Pair) throws(WebFailure) -> Int {
    guard let value = Int(pair.value), value >= 0, value <= 1 << 40 else {
      throw .badRequest("\(pair.name) must be a whole number from 0 on.")
    }
    return value
  }

  private static func flag(_ pair: QueryString.Pair) throws(WebFailure) -> Bool {
    switch pair.value.lowercased() {
    case "true", "1": return true
    case "false", "0", "": return false
    default: throw .badRequest("\(pair.name) must be true or false.")
    }
  }
}
