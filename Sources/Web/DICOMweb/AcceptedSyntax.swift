import DICOM

/// The `transfer-syntax` part of an Accept entry.
enum AcceptedSyntax: Equatable, Sendable {
  /// Nothing said: Explicit VR Little Endian where that can be made, else as stored (PS3.18 §8.7.3.5.2).
  case standard
  /// `*`: as stored.
  case stored
  /// Only these.
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
}

extension TransferSyntax {
  /// Whether objects in this syntax can be rewritten as Explicit VR Little Endian.
  var canBecomeExplicit: Bool { !isEncapsulated || FrameDecoder.canDecode(self) }

  /// Frames lie in the file as Explicit VR Little Endian has them.
  var hasLittleEndianFrames: Bool { !isEncapsulated && isLittleEndian && !isDeflated }
}
