/// When a part of a study travels, within its study: lower ranks first.
///
/// Layers are ranked by their number, and by their size where that says more: the single layer of a 300 KB frame is no thumbnail.
struct Rank: Comparable, Hashable, Sendable {
  let rawValue: Int

  /// The announcement, with the header where the hub can hardly know the object.
  static let announce = Rank(rawValue: 0)
  static let header = Rank(rawValue: 1)
  /// Small objects without images: reports, key object selections, presentation states.
  static let early = Rank(rawValue: 2)
  /// Layer 1 of the images that tell most: first, middle and last of each series, key images.
  static let lead = Rank(rawValue: 3)
  static let count = 20

  private static let firstLayer = 4
  /// Ends of layers up to which something counts as layer 1, 2, …: the ladder's 4, 12, 40 and 120 KB with room to spare.
  private static let classes = [6, 20, 64, 200].map { $0 << 10 }
  private static let lastPreview = 3

  /// Of a layer, counted from 1.
  ///
  /// - Parameter isLeading: whether it is of the first, middle or last frame of its object; the other frames follow them.
  static func layer(_ layer: Int, isLeading: Bool) -> Rank {
    let layer = min(max(layer, 1), (count - firstLayer) / 2)
    return Rank(rawValue: firstLayer + 2 * (layer - 1) + (isLeading ? 0 : 1))
  }

  /// The layer number that fits something of this size that is of no use before its last byte.
  static func layer(forSize size: Int) -> Int { (classes.firstIndex { size <= $0 } ?? classes.count) + 1 }

  /// Of a layer of an object's frame.
  static func of(frame: Int, layer: Int, in object: QueuedObject) -> Rank {
    guard object.isImage else {
      // The second half of something without pictures: a document of a megabyte comes behind the thumbnails.
      return .layer(object.object.size <= 1 << 20 ? 1 : 5, isLeading: false)
    }
    let ends = object.frames[frame]
    let isThumbnail = layer == 1 && ends.count > 2
    let number = isThumbnail ? 1 : max(layer, Self.layer(forSize: ends[layer]))
    return .layer(number, isLeading: object.isLeading(frame: frame))
  }

  /// Whether it belongs to what travels at any hour, whatever the month's bytes: a picture of useful size and all before it.
  var isPreview: Bool { self <= .layer(Self.lastPreview, isLeading: false) }

  /// Ranks that studies of the same urgency finish before any of them goes on to the next group.
  enum Group: Int, Comparable {
    case first, thumbnails, previews, originals
    static func < (a: Group, b: Group) -> Bool { a.rawValue < b.rawValue }
  }

  var group: Group {
    if self <= .lead { return .first }
    if self <= .layer(1, isLeading: false) { return .thumbnails }
    return isPreview ? .previews : .originals
  }

  static func < (a: Rank, b: Rank) -> Bool { a.rawValue < b.rawValue }
  static var all: [Rank] { (0..<count).map { Rank(rawValue: $0) } }
}
