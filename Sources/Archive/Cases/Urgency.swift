/// How soon a case must be read. In the order of sending and of lists: what sorts first goes first.
public enum Urgency: String, Codable, Sendable, Hashable, Comparable, CaseIterable {
  case emergency, urgent, routine

  public static func < (left: Urgency, right: Urgency) -> Bool { left.rank < right.rank }

  /// 0 for the most urgent; stands in the index.
  var rank: Int { Self.allCases.firstIndex(of: self)! }

  init?(rank: Int) {
    guard Self.allCases.indices.contains(rank) else { return nil }
    self = Self.allCases[rank]
  }

  /// A word of a later version means nothing yet; such a case is not held back for it.
  public init(from decoder: any Decoder) throws {
    self = try Urgency(rawValue: decoder.singleValueContainer().decode(String.self)) ?? .urgent
  }
}
