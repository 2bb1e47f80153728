import Archive

/// What one request carries, as names: the bytes are read when it is built.
///
/// Its records, in this order, are: each of ``forms``, each of ``manifests``, one announcement if anything is announced, one record of
/// headers if there are any, each of ``segments``.
struct Parcel: Sendable {
  /// A stretch of an object.
  struct Segment: Sendable {
    var object: QueuedObject
    var range: Range<Int>
    /// The parts that it consists of, in their order.
    fileprivate(set) var parts: [Part]
  }

  /// What is taken from one slot.
  struct Part: Sendable {
    var study: String
    var slot: Slot
    var range: Range<Int>
    var epoch: Int
  }

  let id: Int
  /// Of the most urgent thing in it.
  var urgency: Urgency
  var forms: [CaseReceipt] = []
  /// Studies whose manifest it brings up to date.
  var manifests: [String] = []
  var announced: [(object: QueuedObject, part: Part)] = []
  /// Packed: see ``estimate``.
  var headers: [(object: QueuedObject, part: Part)] = []
  var segments: [Segment] = []
  /// Bytes of ``headers`` before they are packed.
  var headerBytes = 0
  /// Bytes that it will take on the line, about.
  var estimate = 0

  init(id: Int, urgency: Urgency) {
    self.id = id
    self.urgency = urgency
  }

  var isEmpty: Bool {
    forms.isEmpty && manifests.isEmpty && announced.isEmpty && headers.isEmpty && segments.isEmpty
  }

  /// Whether something of an object is in it, or its name.
  var hasObjects: Bool { !announced.isEmpty || !headers.isEmpty || !segments.isEmpty }

  /// Bytes of segments, without what names them.
  var payload: Int { segments.reduce(0) { $0 + $1.range.count } }

  /// Adds a stretch; what continues the one before becomes one with it.
  mutating func append(_ part: Part, of object: QueuedObject) {
    if let last = segments.last, last.object.id == object.id, last.range.upperBound == part.range.lowerBound {
      segments[segments.count - 1].range = last.range.lowerBound..<part.range.upperBound
      segments[segments.count - 1].parts.append(part)
    } else {
      segments.append(Segment(object: object, range: part.range, parts: [part]))
      estimate += Self.segmentOverhead
    }
    estimate += part.range.count
  }

  /// Record head, object and offset.
  static let segmentOverhead = 28
  /// Bytes of an announcement in a packed list: two digests are random, the rest is nearly equal to the one before.
  static let announceEstimate = 150
  static let formEstimate = 1024
  static let manifestEstimate = 160

  /// The records that speak of objects, with their numbers in the batch, from 0.
  var records: [(number: Int, parts: [(object: QueuedObject, part: Part)])] {
    let first = forms.count + manifests.count
    let lists =
      [announced, headers].filter { !$0.isEmpty }
      + segments.map { segment in
        segment.parts.map { (segment.object, $0) }
      }
    return lists.enumerated().map { (first + $0.offset, $0.element) }
  }

  /// Everything of objects in it.
  var parts: [Part] { announced.map(\.part) + headers.map(\.part) + segments.flatMap(\.parts) }
}
