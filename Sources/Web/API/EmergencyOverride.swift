import Archive
import HTTPTypes
import Hummingbird

/// How a reader says that an emergency opens what has no consent: in each request, or once for a case; then a cookie says it for an hour.
enum EmergencyOverride {
  private static let cookieName = "rekkas-override"
  /// Seconds.
  private static let lifetime = 3600
  /// Cases that one browser may have open like this.
  private static let most = 16

  /// By the header `Rekkas-Override: emergency`, or `?override=emergency`.
  static func isNamed(in request: Request) -> Bool {
    request.headers[.override] == "emergency" || QueryString(request.uri.query).first("override") == "emergency"
  }

  /// The numbers of the cases that this browser has opened.
  static func cases(_ request: Request) -> Set<String> {
    var numbers: Set<String> = []
    for entry in (request.headers[.cookie] ?? "").split(separator: ";") {
      let pair = entry.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, pair[0] == cookieName else { continue }
      numbers.formUnion(pair[1].split(separator: ".").prefix(most).compactMap { CaseNumber(String($0))?.text })
    }
    return numbers
  }

  /// As the value of `Set-Cookie`: only for us, not for scripts, and forgotten after an hour.
  static func cookie(_ numbers: Set<String>, and number: String) -> String {
    let all = [number] + numbers.subtracting([number]).sorted().prefix(most - 1)
    return "\(cookieName)=\(all.joined(separator: ".")); Path=/; Max-Age=\(lifetime); HttpOnly; SameSite=Strict"
  }
}

extension HTTPField.Name {
  fileprivate static let override = HTTPField.Name("Rekkas-Override")!
}
