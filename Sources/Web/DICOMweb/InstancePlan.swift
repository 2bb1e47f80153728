import Archive
import DICOM

/// How the instances of one request are sent: chosen once for all of them.
struct InstancePlan: Equatable {
  enum Form: Equatable {
    case stored
    case explicitLittleEndian
  }

  let isMultipart: Bool
  let forms: [Form]
  /// Whether the stored form will do should a conversion fail: the client named no syntax.
  let mayFallBack: Bool

  /// The first Accept entry that all instances can be sent for.
  ///
  /// With `*` a study of several syntaxes goes out as it is stored, every part with its own `transfer-syntax`: parts are whole
  /// files that name their syntax themselves, so also a client that looks at the first part only reads them all.
  init(_ accepted: [MediaRange], syntaxes: [TransferSyntax]) throws(WebFailure) {
    let ranges = accepted.isEmpty ? [MediaRange(type: "*", subtype: "*")] : accepted
    if ranges.contains(where: Self.isDICOM), ranges.contains(where: Self.isRendered) {
      throw .badRequest("Accept mixes DICOM and rendered media types: ask for one of them (PS3.18 section 8.7.4).")
    }
    for range in ranges {
      guard let isMultipart = Self.isMultipart(range), isMultipart || syntaxes.count == 1 else { continue }
      let wish = AcceptedSyntax(range)
      let forms = syntaxes.map { Self.form($0, wish) }
      guard !forms.contains(nil) else { continue }
      self.isMultipart = isMultipart
      self.forms = forms.compactMap { $0 }
      mayFallBack = wish == .standard
      return
    }
    throw .notAcceptable(available: Self.available(syntaxes))
  }

  private static func form(_ syntax: TransferSyntax, _ wish: AcceptedSyntax) -> Form? {
    if wish.allows(syntax) { return .stored }
    if wish.allows(.explicitVRLittleEndian), syntax.canBecomeExplicit { return .explicitLittleEndian }
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

  private static func available(_ syntaxes: [TransferSyntax]) -> [String] {
    let stored = Set(syntaxes).map(\.uid).sorted().map {
      "multipart/related; type=\"application/dicom\"; transfer-syntax=\($0)"
    }
    let made = syntaxes.allSatisfy(\.canBecomeExplicit) && Set(syntaxes) != [.explicitVRLittleEndian]
    let explicit =
      "multipart/related; type=\"application/dicom\"; transfer-syntax=\(TransferSyntax.explicitVRLittleEndian.uid)"
    return (stored.count > 1 ? ["multipart/related; type=\"application/dicom\"; transfer-syntax=*"] : stored)
      + (made ? [explicit] : [])
  }
}
