import DICOM

/// How the frames of one instance are sent.
struct FramePlan: Equatable {
  enum Form: Equatable {
    /// The bytes as they lie in the file.
    case stored
    /// Decoded: native pixels, little endian.
    case decoded
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
  init(_ accepted: [MediaRange], stored syntax: TransferSyntax, count: Int) throws(WebFailure) {
    let ranges = accepted.isEmpty ? [MediaRange(type: "*", subtype: "*")] : accepted
    for range in ranges {
      let isMultipart = range.isMultipart || range.isAnything
      guard isMultipart || count == 1 else { continue }
      let types = range.isMultipart ? range.values(of: "type").compactMap { MediaRange($0) } : [range]
      let wanted = types.isEmpty ? [MediaRange(type: "*", subtype: "*")] : types
      for type in wanted {
        guard let plan = Self.choose(type, AcceptedSyntax(range), syntax) else { continue }
        self.isMultipart = isMultipart
        (form, mediaType, self.syntax) = plan
        return
      }
    }
    throw .notAcceptable(available: Self.available(syntax))
  }

  private static func choose(_ type: MediaRange, _ wish: AcceptedSyntax, _ stored: TransferSyntax) -> (
    Form, String, TransferSyntax
  )? {
    let explicit = TransferSyntax.explicitVRLittleEndian
    // Native little-endian frames are the same bytes whether the VRs are written or not.
    if stored.hasLittleEndianFrames {
      guard type.covers(DICOMMediaType.octets), wish.allows(explicit) || wish.allows(stored) else { return nil }
      return (.stored, DICOMMediaType.octets, wish.allows(explicit) ? explicit : stored)
    }
    if stored.isEncapsulated {
      // OHIF asks for octets in whatever syntax; others for the media type of the codec.
      let isOctets = type.essence == DICOMMediaType.octets
      let mediaType = isOctets ? DICOMMediaType.octets : stored.frameMediaType
      let namesCodec = type.covers(stored.frameMediaType) && !type.isAnything && wish == .standard
      if wish != .standard && wish.allows(stored) || namesCodec, type.covers(mediaType) {
        return (.stored, mediaType, stored)
      }
    }
    if type.covers(DICOMMediaType.octets), wish.allows(explicit), stored.canBecomeExplicit {
      return (.decoded, DICOMMediaType.octets, explicit)
    }
    // Nothing was said about syntaxes, and nothing better can be made.
    if wish == .standard, stored.isEncapsulated,
      type.covers(DICOMMediaType.octets) || type.covers(stored.frameMediaType)
    {
      return (.stored, type.essence == DICOMMediaType.octets ? DICOMMediaType.octets : stored.frameMediaType, stored)
    }
    return nil
  }

  private static func available(_ stored: TransferSyntax) -> [String] {
    var types: [String] = []
    if stored.isEncapsulated {
      types.append("multipart/related; type=\"\(stored.frameMediaType)\"; transfer-syntax=\(stored.uid)")
    }
    if stored.canBecomeExplicit {
      types.append(
        "multipart/related; type=\"\(DICOMMediaType.octets)\"; transfer-syntax=\(TransferSyntax.explicitVRLittleEndian.uid)"
      )
    }
    return types
  }
}
