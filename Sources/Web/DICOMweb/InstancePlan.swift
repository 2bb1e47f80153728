import Archive
import DICOM
import Imaging

/// How the instances of one request are sent: chosen once for all of them.
struct InstancePlan: Equatable {
  enum Form: Equatable {
    case stored
    /// Rewritten in another syntax, its samples the same.
    case made(TransferSyntax)
  }

  let isMultipart: Bool
  let forms: [Form]
  /// Whether the stored form will do should a conversion fail: the client named no syntax.
  let mayFallBack: Bool

  /// The first Accept entry that all instances can be sent for.
  ///
  /// With `*` a study of several syntaxes goes out as it is stored, every part with its own `transfer-syntax`: parts are whole
  /// files that name their syntax themselves, so also a client that looks at the first part only reads them all.
  init(_ accepted: [MediaRange], stored: [StoredForm]) throws(WebFailure) {
    let ranges = accepted.isEmpty ? [MediaRange(type: "*", subtype: "*")] : accepted
    if ranges.contains(where: Self.isDICOM), ranges.contains(where: Self.isRendered) {
      throw .badRequest("Accept mixes DICOM and rendered media types: ask for one of them (PS3.18 section 8.7.4).")
    }
    for range in ranges {
      guard let isMultipart = Self.isMultipart(range), isMultipart || stored.count == 1 else { continue }
      let wish = AcceptedSyntax(range)
      let forms = stored.map { Self.form($0, wish) }
      guard !forms.contains(nil) else { continue }
      self.isMultipart = isMultipart
      self.forms = forms.compactMap { $0 }
      mayFallBack = wish == .standard
      return
    }
    throw .notAcceptable(available: Self.available(stored))
  }

  /// Whether anything must be rewritten.
  var makesCopies: Bool { forms.contains { $0 != .stored } }

  private static func form(_ stored: StoredForm, _ wish: AcceptedSyntax) -> Form? {
    if wish.allows(stored.syntax) { return .stored }
    if let syntax = wish.wanted.first(where: stored.canBecome) { return .made(syntax) }
    return wish == .standard ? .stored : nil
  }

  /// Whether the entry asks for DICOM files, and then whether as parts; nil for something else.
  private static func isMultipart(_ range: MediaRange) -> Bool? {
    if range.isAnything { return true }
    guard range.isMultipart else { return range.covers(DICOMMediaType.dicom) ? false : nil }
    let types = range.values(of: "type").compactMap { MediaRange($0) }
    return types.isEmpty || types.contains { $0.covers(DICOMMediaType.dicom) } ? true : nil
  }

  private static func isDICOM(_ range: MediaRange) -> Bool {
    range.essence == DICOMMediaType.dicom
      || range.values(of: "type").contains { $0.lowercased() == DICOMMediaType.dicom }
  }

  private static func isRendered(_ range: MediaRange) -> Bool {
    ["image/png", "image/gif", "text/html", "text/plain"].contains(range.essence)
  }

  private static func available(_ stored: [StoredForm]) -> [String] {
    let syntaxes = Set(stored.map(\.syntax)).map(\.uid).sorted().map(\.rawValue)
    // What can be made of every one of them, or is there already.
    let made = ([.explicitVRLittleEndian] + FrameCoder.losslessSyntaxes).filter { syntax in
      stored.allSatisfy { $0.syntax == syntax || $0.canBecome(syntax) } && syntaxes != [syntax.uid.rawValue]
    }
    return ((syntaxes.count > 1 ? ["*"] : syntaxes) + made.map(\.uid.rawValue)).map {
      "multipart/related; type=\"application/dicom\"; transfer-syntax=\($0)"
    }
  }
}
