import DICOM
import Imaging

/// How the frames of one instance are sent.
struct FramePlan: Equatable {
  enum Form: Equatable {
    /// The bytes as they lie in the file.
    case stored
    /// Decoded: native pixels, little endian.
    case decoded
    /// Decoded and encoded anew, in the plan's syntax.
    case encoded
  }

  let isMultipart: Bool
  let form: Form
  /// `image/jpeg`, `application/octet-stream`, …
  let mediaType: String
  /// What the bytes are, for the part's `transfer-syntax`.
  let syntax: TransferSyntax

  /// `image/jpeg; transfer-syntax=…`.
  var contentType: String { "\(mediaType); transfer-syntax=\(syntax.uid)" }

  /// The first Accept entry that these frames can be sent for.
  ///
  /// - Parameter count: frames asked for; only one can go without parts.
  init(_ accepted: [MediaRange], stored: StoredForm, count: Int) throws(WebFailure) {
    let ranges = accepted.isEmpty ? [MediaRange(type: "*", subtype: "*")] : accepted
    for range in ranges {
      let isMultipart = range.isMultipart || range.isAnything
      guard isMultipart || count == 1 else { continue }
      let types = range.isMultipart ? range.values(of: "type").compactMap { MediaRange($0) } : [range]
      let wanted = types.isEmpty ? [MediaRange(type: "*", subtype: "*")] : types
      for type in wanted {
        guard let plan = Self.choose(type, AcceptedSyntax(range), stored) else { continue }
        self.isMultipart = isMultipart
        (form, mediaType, syntax) = plan
        return
      }
    }
    throw .notAcceptable(available: Self.available(stored))
  }

  private static func choose(_ type: MediaRange, _ wish: AcceptedSyntax, _ source: StoredForm) -> (
    Form, String, TransferSyntax
  )? {
    let stored = source.syntax
    let explicit = TransferSyntax.explicitVRLittleEndian
    // OHIF asks for octets in whatever syntax; others for the media type of the codec.
    let isOctets = type.essence == DICOMMediaType.octets
    // Native little-endian frames are the same bytes whether the VRs are written or not.
    if stored.hasLittleEndianFrames, type.covers(DICOMMediaType.octets), wish.allows(explicit) || wish.allows(stored) {
      return (.stored, DICOMMediaType.octets, wish.allows(explicit) ? explicit : stored)
    }
    if stored.isEncapsulated {
      let mediaType = isOctets ? DICOMMediaType.octets : stored.frameMediaType
      let namesCodec = type.covers(stored.frameMediaType) && !type.isAnything && wish == .standard
      if wish != .standard && wish.allows(stored) || namesCodec, type.covers(mediaType) {
        return (.stored, mediaType, stored)
      }
    }
    // Frames that lie deflated or big endian cannot go as they are: whatever will do is then Explicit VR Little Endian.
    let anything = wish == .stored && !stored.isEncapsulated ? [explicit] : []
    for syntax in wish.wanted + anything + standardSyntaxes(of: type, wish) {
      let mediaType = isOctets ? DICOMMediaType.octets : syntax.frameMediaType
      guard type.covers(mediaType) else { continue }
      if syntax == explicit, stored.canBecomeExplicit { return (.decoded, mediaType, explicit) }
      if source.canEncode(syntax) { return (.encoded, mediaType, syntax) }
    }
    // Nothing was said about syntaxes, and nothing better can be made.
    if wish == .standard, stored.isEncapsulated,
      type.covers(DICOMMediaType.octets) || type.covers(stored.frameMediaType)
    {
      return (.stored, isOctets ? DICOMMediaType.octets : stored.frameMediaType, stored)
    }
    return nil
  }

  /// The syntax that a codec's media type means when none is named: the exact one (PS3.18 Table 8.7.3-5: `image/jpeg` is JPEG lossless).
  private static func standardSyntaxes(of type: MediaRange, _ wish: AcceptedSyntax) -> [TransferSyntax] {
    if case .only = wish { return [] }
    return FrameCoder.losslessSyntaxes.filter { $0.frameMediaType == type.essence }
  }

  private static func available(_ stored: StoredForm) -> [String] {
    var syntaxes = stored.syntax.isEncapsulated ? [stored.syntax] : []
    syntaxes += stored.makeable
    if stored.syntax == .explicitVRLittleEndian { syntaxes.insert(stored.syntax, at: 0) }
    if stored.canEncode(.jpegBaseline), stored.syntax != .jpegBaseline { syntaxes.append(.jpegBaseline) }
    return syntaxes.map { "multipart/related; type=\"\($0.frameMediaType)\"; transfer-syntax=\($0.uid)" }
  }
}
