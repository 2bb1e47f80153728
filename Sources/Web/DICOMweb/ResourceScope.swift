import DICOM
import Hummingbird

/// The study, series or instance that a path names.
struct ResourceScope: Sendable, Hashable {
  let study: UID
  let series: UID?
  let instance: UID?

  /// - Throws: 404 for what cannot be an identifier: nothing lies there.
  init(_ context: WebContext) throws {
    let parameters = context.parameters
    let study = try Self.uid(parameters.get("study"), "study")
    guard let study else { throw WebFailure.notFound("study") }
    self.study = study
    series = try Self.uid(parameters.get("series"), "series")
    instance = try Self.uid(parameters.get("instance"), "instance")
  }

  init(study: UID, series: UID? = nil, instance: UID? = nil) {
    self.study = study
    self.series = series
    self.instance = instance
  }

  /// Some devices write identifiers that PS3.5 forbids, and their images are kept too: so only length and alphabet are bounded.
  private static func uid(_ text: String?, _ level: String) throws -> UID? {
    guard let text else { return nil }
    guard text.utf8.count <= 128, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "%") }) else {
      throw WebFailure.notFound(level)
    }
    return UID(rawValue: text)
  }

  /// What a client asked for, in a word.
  var level: String { instance != nil ? "instance" : series != nil ? "series" : "study" }

  /// `/dicom-web/studies/…`.
  var path: String {
    var path = DICOMweb.root + "/studies/" + study.rawValue
    if let series { path += "/series/" + series.rawValue }
    if let instance { path += "/instances/" + instance.rawValue }
    return path
  }
}
