import DICOM
import Imaging

/// The `transfer-syntax` part of an Accept entry.
enum AcceptedSyntax: Equatable, Sendable {
  /// Nothing said: Explicit VR Little Endian where that can be made, else as stored (PS3.18 §8.7.3.5.2).
  case standard
  /// `*`: as stored.
  case stored
  /// Only these, the first liked best.
  case only([UID])

  init(_ range: MediaRange) {
    // Several parameters in one entry, and even lists inside one, are seen; the meaning is any of them.
    let values = range.values(of: "transfer-syntax").flatMap {
      $0.split(separator: ",").map { $0.filter { $0 != " " } }
    }
    if values.isEmpty {
      self = .standard
    } else if values.contains("*") {
      self = .stored
    } else {
      self = .only(values.map { UID(rawValue: $0) })
    }
  }

  func allows(_ syntax: TransferSyntax) -> Bool {
    switch self {
    case .standard: syntax == .explicitVRLittleEndian
    case .stored: true
    case .only(let uids): uids.contains(syntax.uid)
    }
  }

  /// What may be made of an object that is stored otherwise, the first liked best.
  var wanted: [TransferSyntax] {
    switch self {
    case .standard: [.explicitVRLittleEndian]
    case .stored: []
    case .only(let uids): uids.compactMap { TransferSyntax(uid: $0) }
    }
  }
}

extension TransferSyntax {
  /// Whether objects in this syntax can be rewritten as Explicit VR Little Endian.
  var canBecomeExplicit: Bool { FrameDecoder.canDecodeAnywhere(self) }

  /// Frames lie in the file as Explicit VR Little Endian has them.
  var hasLittleEndianFrames: Bool { !isEncapsulated && isLittleEndian && !isDeflated }
}

/// What is known of a kept object when the form of an answer is chosen.
struct StoredForm: Equatable, Sendable {
  let syntax: TransferSyntax
  /// What its frames decode to; nil where nobody has looked, or there are none.
  var format: FrameFormat?

  /// Whether an exact copy can be made in another syntax.
  func canBecome(_ target: TransferSyntax) -> Bool {
    if target == .explicitVRLittleEndian { return syntax.canBecomeExplicit }
    return FrameCoder.losslessSyntaxes.contains(target) && canEncode(target)
  }

  /// Whether its frames can be encoded in a syntax, which may be a lossy one.
  func canEncode(_ target: TransferSyntax) -> Bool {
    guard let format, syntax.canBecomeExplicit else { return false }
    return FrameCoder.canEncode(target, format)
  }

  /// The exact syntaxes that can be made.
  var makeable: [TransferSyntax] {
    ([.explicitVRLittleEndian] + FrameCoder.losslessSyntaxes).filter { $0 != syntax && canBecome($0) }
  }

  /// Reads the headers of the file for the format of its frames. Blocks.
  static func reading(_ syntax: TransferSyntax, path: String) -> StoredForm {
    guard let object = try? ImageObject(path: path) else { return StoredForm(syntax: syntax) }
    var format = object.format
    if syntax.isEncapsulated {
      // What a decoder gives: every sample of pixels that share their chroma, and colour transforms undone.
      switch format.photometricInterpretation {
      case .ybrRCT, .ybrICT: format.photometricInterpretation = .rgb
      case .ybrFull422, .ybrPartial422: format.photometricInterpretation = .ybrFull
      default: break
      }
    }
    return StoredForm(syntax: syntax, format: format)
  }
}

extension [MediaRange] {
  /// Whether some entry names a codec, by syntax or media type: only then the formats of stored frames matter.
  var nameCodecs: Bool {
    let codecs = FrameCoder.losslessSyntaxes + [.jpegBaseline]
    return contains { range in
      let wanted = AcceptedSyntax(range).wanted
      let types = [range.essence] + range.values(of: "type").compactMap { MediaRange($0)?.essence }
      return codecs.contains { wanted.contains($0) || types.contains($0.frameMediaType) }
    }
  }
}
