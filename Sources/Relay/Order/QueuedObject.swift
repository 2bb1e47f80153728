import Archive

/// An object that waits to be sent, as the order sees it.
struct QueuedObject: Sendable, Hashable {
  /// Of the outbox.
  var id: Int64
  var object: ArrivingObject
  var seriesNumber: Int?
  var instanceNumber: Int?
  /// A key object selection names it.
  var isKeyImage = false
  /// Stored while this sender was running: the hub can hardly know it, so its header travels with its announcement.
  var isFresh = true
  /// Tries that failed because of this object, in this and earlier runs.
  var failures = 0

  /// The frames without gaps: the first begins where the header ends, and each last layer reaches to the next frame, or to the end of
  /// the file. What the announcement calls the rest thus travels with the last layer before it.
  private(set) var frames: [[Int]]

  init(
    id: Int64, object: ArrivingObject, seriesNumber: Int? = nil, instanceNumber: Int? = nil, isKeyImage: Bool = false,
    isFresh: Bool = true, failures: Int = 0
  ) {
    self.id = id
    self.object = object
    self.seriesNumber = seriesNumber
    self.instanceNumber = instanceNumber
    self.isKeyImage = isKeyImage
    self.isFresh = isFresh
    self.failures = failures
    frames = Self.withoutGaps(object)
  }

  var digest: String { object.digest }
  var isImage: Bool { !object.frames.isEmpty }

  /// Where the header lies: the whole file of an object without frames.
  var header: Range<Int> { 0..<min(object.header, object.size) }

  /// Where a layer lies in the file.
  ///
  /// - Parameter layer: from 1.
  func extent(frame: Int, layer: Int) -> Range<Int> {
    let ends = frames[frame]
    let start = layer == 1 ? ends[0] : ends[0] + ends[layer - 1]
    if layer < ends.count - 1 { return start..<ends[0] + ends[layer] }
    return start..<(frame + 1 < frames.count ? frames[frame + 1][0] : object.size)
  }

  func layers(of frame: Int) -> Int { frames[frame].count - 1 }

  /// A frame that shows what the object is about: the first, the middle and the last one.
  func isLeading(frame: Int) -> Bool { frame == 0 || frame == frames.count / 2 || frame == frames.count - 1 }

  /// What a table that makes no sense is replaced by: one frame of one layer that holds everything behind the header.
  private static func withoutGaps(_ object: ArrivingObject) -> [[Int]] {
    guard object.header < object.size else { return [] }
    var end = object.header
    for frame in object.frames {
      guard frame.count >= 2, frame[0] >= end, zip(frame.dropFirst(), frame.dropFirst(2)).allSatisfy({ $0 < $1 }),
        frame[1] > 0, frame[0] + frame.last! <= object.size
      else { return [[object.header, object.size - object.header]] }
      end = frame[0] + frame.last!
    }
    guard let first = object.frames.first else { return [[object.header, object.size - object.header]] }
    var frames = object.frames
    let gap = first[0] - object.header
    if gap > 0 { frames[0] = [object.header] + first.dropFirst().map { $0 + gap } }
    return frames
  }
}
