import DICOM
import GRDB

/// A search as SQL, and what must be looked at row by row besides.
///
/// The order is one for each level, and total: newest study first, then by row number; series and instances by their
/// numbers. Where few names match, their studies are found by the name; where many do, by walking the studies in order until
/// there are enough: either way the time does not grow with the archive.
struct SearchPlan {
  private(set) var sql = ""
  private(set) var values: [SQLCondition.SQLValue] = []
  private(set) var warnings: [String] = []
  /// Conditions on kept attributes, by the level that keeps them.
  private(set) var kept: [(level: SearchQuery.Level, matcher: KeptMatcher)] = []
  /// Which levels' attributes a row carries.
  let levels: Set<SearchQuery.Level>

  /// More matching names than this, and the studies are walked in order instead.
  private static let fewNames = 1000

  private let query: SearchQuery
  private var conditions: [SQLCondition] = []
  private var nameKeys: (lower: String, upper: String)?

  init(_ query: SearchQuery, _ db: Database) throws {
    self.query = query
    var levels: Set<SearchQuery.Level> = [query.level]
    if query.level != .studies, query.study == nil { levels.insert(.studies) }
    if query.level == .instances, query.series == nil { levels.insert(.series) }
    self.levels = levels
    if let study = query.study {
      conditions.append(SQLCondition(sql: "study.uid = ?", values: [.text(study.rawValue)]))
    }
    if let series = query.series {
      conditions.append(SQLCondition(sql: "series.uid = ?", values: [.text(series.rawValue)]))
    }
    for match in Self.merged(query.matches) { try add(match, db) }
    build()
  }

  /// Several lists for one attribute are one list: `StudyInstanceUID=a&StudyInstanceUID=b` asks for both.
  private static func merged(_ matches: [AttributeMatch]) -> [AttributeMatch] {
    var result: [AttributeMatch] = []
    for match in matches {
      let rule = match.path.count == 1 ? SearchColumn.table[match.path[0]]?.rule : nil
      let isList = rule == .uid || rule == .codes
      if isList, let index = result.firstIndex(where: { $0.path == match.path }) {
        let isUniversal = result[index].value.isEmpty || match.value.isEmpty
        result[index].value = isUniversal ? "" : result[index].value + "\\" + match.value
      } else {
        result.append(match)
      }
    }
    return result
  }

  private mutating func add(_ match: AttributeMatch, _ db: Database) throws {
    guard let tag = match.path.first else { return }
    let name = match.path.map { DataDictionary.keyword(of: $0) ?? $0.hex }.joined(separator: ".")
    do {
      guard match.path.count == 1, let column = SearchColumn.table[tag] else {
        return try addKept(match, name)
      }
      guard let condition = try SQLCondition(column, match.value, fuzzy: query.fuzzyMatching) else { return }
      conditions.append(lifted(condition, column))
      if column.rule == .patientName { try findNames(match.value, db) }
    } catch is InvalidMatchValue {
      conditions.append(.never)
      warnings.append("\(name): the value makes no sense for this attribute and matches nothing")
    }
  }

  /// A condition on a lower level than the rows': some row there must match.
  private func lifted(_ condition: SQLCondition, _ column: SearchColumn) -> SQLCondition {
    // A UID leads to its study at once; of other values there are many, and the studies are walked in order.
    let isUID = column.rule == .uid
    func below(_ parent: String, _ rows: String, _ key: String) -> SQLCondition {
      let sql =
        isUID
        ? "\(parent) IN (SELECT \(key) FROM \(rows) WHERE \(condition.sql))"
        : "EXISTS (SELECT 1 FROM \(rows) WHERE \(key) = \(parent) AND \(condition.sql))"
      return SQLCondition(sql: sql, values: condition.values)
    }
    return switch (query.level, column.level) {
    case (.studies, .series): below("study.id", "series", "series.study_id")
    case (.studies, .instances):
      below("study.id", "series JOIN instance ON instance.series_id = series.id", "series.study_id")
    case (.series, .instances): below("series.id", "instance", "instance.series_id")
    default: condition
    }
  }

  private mutating func addKept(_ match: AttributeMatch, _ name: String) throws {
    let tag = match.path[0]
    let level: SearchQuery.Level
    if StoredAttributes.study.index(of: tag) != nil {
      level = .studies
    } else if StoredAttributes.series.index(of: tag) != nil, query.level != .studies {
      level = .series
    } else if query.level == .instances {
      level = .instances
    } else {
      warnings.append("\(name): matching on this attribute is not supported here, it was ignored")
      return
    }
    if let matcher = try KeptMatcher(match.path, match.value, fuzzy: query.fuzzyMatching) {
      kept.append((level, matcher))
    }
  }

  /// Sees whether the beginning of the name leads to few enough studies.
  private mutating func findNames(_ value: String, _ db: Database) throws {
    let start: String
    if query.fuzzyMatching {
      guard let word = FuzzyName(value).words.first else { return }
      start = word
    } else {
      guard let group = NamePattern(value).groups.first else { return }
      start = MatchText.prefix(group)
      // "^" alone is the beginning of every name.
      if start.count < 2 { return }
    }
    let upper = MatchText.upperBound(start)
    let count = try Int.fetchOne(
      db.cachedStatement(
        sql: "SELECT count(*) FROM (SELECT 1 FROM study_name WHERE key >= ? AND key < ? LIMIT \(Self.fewNames + 1))"),
      arguments: [start, upper])
    if count ?? 0 <= Self.fewNames { nameKeys = (start, upper) }
  }

  private mutating func build() {
    var columns = "study.id, study.uid"
    var from = "study"
    if let nameKeys {
      // CROSS JOIN keeps this order: the names lead.
      from = """
        (SELECT DISTINCT study_id FROM study_name WHERE key >= ? AND key < ?) AS named
        CROSS JOIN study ON study.id = named.study_id
        """
      values += [.text(nameKeys.lower), .text(nameKeys.upper)]
    }
    var order = "study.study_date DESC, study.study_time DESC, study.id DESC"
    if query.level != .studies {
      columns += ", series.id, series.uid, series.instance_count"
      from += " CROSS JOIN series ON series.study_id = study.id"
      order += ", series.number, series.id"
    } else {
      columns += ", NULL, NULL, NULL"
    }
    if query.level == .instances {
      columns += ", instance.uid, instance.id, instance.transfer_syntax"
      from += " CROSS JOIN instance ON instance.series_id = series.id"
      order += ", instance.number, instance.id"
    } else {
      columns += ", NULL, NULL, NULL"
    }
    columns += ", study.modalities, study.series_count, study.instance_count"
    columns += query.level == .instances ? ", instance.preparation" : ", NULL"
    // Those given in the path or by UID lead by themselves: no study is walked for them.
    if query.level != .studies, nameKeys == nil, leadsFromBelow {
      from = from.replacing(" CROSS JOIN ", with: " JOIN ")
    }
    sql = "SELECT \(columns) FROM \(from)"
    if !conditions.isEmpty { sql += " WHERE " + conditions.map(\.sql).joined(separator: " AND ") }
    values += conditions.flatMap(\.values)
    sql += " ORDER BY \(order)"
    if kept.isEmpty {
      // What is not settled by SQL cannot be counted by it.
      sql += " LIMIT \(query.limit.map { max(0, $0) } ?? -1) OFFSET \(max(0, query.offset))"
    }
  }

  /// Whether a UID of a series or an instance is given.
  private var leadsFromBelow: Bool {
    query.series != nil
      || conditions.contains { $0.sql.hasPrefix("series.uid IN") || $0.sql.hasPrefix("instance.uid IN") }
  }

  var arguments: StatementArguments {
    StatementArguments(
      values.map { value -> DatabaseValue in
        switch value {
        case .text(let text): text.databaseValue
        case .integer(let number): number.databaseValue
        }
      })
  }
}
