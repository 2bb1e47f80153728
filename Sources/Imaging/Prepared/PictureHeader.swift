import DICOM
import Foundation

/// What a data set says that matters to its pictures, read once.
struct PictureHeader: Sendable {
  /// For the profile's rules.
  let facts: ImageFacts
  /// Burned In Annotation (0028,0301) is YES: who is on the image can be read off its pixels.
  let saysBurnedIn: Bool
  /// How one frame is shown; nil where the pixels are described by nothing that we show.
  let attributes: ImageAttributes?
  /// Of colour.
  let profile: ColourProfile?

  /// - Parameter format: of the frames, as an index of ours has it.
  init(_ object: ParsedObject, frame: Int, format: FrameFormat?) {
    facts = ImageFacts(object)
    saysBurnedIn = object.dataSet.string(.burnedInAnnotation)?.uppercased() == "YES"
    attributes = format.map { ImageAttributes(object.dataSet, frame: frame, format: $0) }
    profile = format?.isColour == true ? ColourProfile(object.dataSet) : nil
  }

  /// Bytes that it takes in memory, about.
  var cost: Int {
    let tables = [attributes?.modalityLUT, attributes?.voiLUT].reduce(0) { $0 + ($1?.entries.count ?? 0) * 2 }
    return 2048 + tables + (attributes?.palette?.rgb.count ?? 0) + (profile?.bytes.count ?? 0)
  }
}

/// The headers of files looked at lately, by what the file's digest names.
final class PictureHeaders: Sendable {
  private struct Key: Hashable {
    let digest: String
    let frame: Int
  }

  private let known: RecentValues<Key, PictureHeader>
  private let contrasts = RecentValues<Key, Double>(capacity: 1 << 20) { _ in 128 }

  init(capacity: Int = 8 << 20) {
    known = RecentValues(capacity: capacity) { $0.cost }
  }

  /// How the image's own window stands to the values of a frame, once a picture of it was made: see `PrefixChoice`.
  func contrast(of source: PictureSource, frame: Int) -> Double? { contrasts[Key(digest: source.digest, frame: frame)] }

  func setContrast(_ contrast: Double, of source: PictureSource, frame: Int) {
    contrasts.insert(contrast, for: Key(digest: source.digest, frame: frame))
  }

  /// Reads the header of a file, unless it is known. Blocks; the walk is our own and bounded, so any file may be read so.
  func header(of source: PictureSource, frame: Int) throws(RenderFailure) -> PictureHeader {
    let key = Key(digest: source.digest, frame: frame)
    if let header = known[key] { return header }
    let object = try Self.object(of: source)
    let header = PictureHeader(object, frame: frame, format: source.layers?.format)
    known.insert(header, for: key)
    return header
  }

  /// The walked file; nothing of it is kept.
  static func object(of source: PictureSource) throws(RenderFailure) -> ParsedObject {
    let bytes: ObjectBytes
    do {
      bytes = try ObjectBytes.mapped(path: source.path)
    } catch {
      throw error.code == ENOENT ? .missing : .unreadable(error.description)
    }
    do { return try ParsedObject.parse(bytes) } catch { throw .undecodable(error.reason) }
  }
}
