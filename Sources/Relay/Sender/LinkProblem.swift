/// Why the link does not carry what it should: a code for pages to translate, and for administrators to look up.
public enum LinkProblem: String, Codable, Sendable, CaseIterable {
  /// The hub cannot be reached: no network, no route, no name, or it is down.
  case unreachable
  /// The connection broke, or nothing moved on it for too long.
  case interrupted
  /// Somebody else answered in the hub's name: a captive portal, a proxy, an expired subscription, or a hub with another key.
  case portal
  /// The hub's certificate is not one that this site trusts.
  case certificate
  /// The hub does not know this site or refuses its key.
  case key
  /// The hub has no disk left for images.
  case hubFull = "hub-full"
  /// The hub refuses for another reason, which the log names.
  case refused
  /// This month's bytes are used up: originals wait for the next month.
  case budget
  /// Originals wait for their hours.
  case calendar
  /// The site cannot read its own archive.
  case archive
  /// The site's clock and the hub's are more than a minute apart, and images are sent all the same; or it shows a year in which the hub's
  /// certificate is not valid yet, and nothing is sent before it is set.
  case clock
}
