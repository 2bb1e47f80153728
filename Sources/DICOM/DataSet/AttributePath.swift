/// The way to one attribute: a tag, or a sequence's tag, an item's number, and so on down.
///
/// Written "00420011" or "00091001/0/00091010": the items are counted from 0. It is what follows "~/" in the BulkDataURI of
/// `DataSet.json`.
public struct AttributePath: Hashable, Sendable {
  /// A sequence on the way and which of its items is entered.
  public struct Step: Hashable, Sendable {
    public let sequence: Tag
    /// From 0.
    public let item: Int

    public init(sequence: Tag, item: Int) {
      self.sequence = sequence
      self.item = item
    }
  }

  public let steps: [Step]
  public let tag: Tag

  public init(_ tag: Tag, in steps: [Step] = []) {
    self.tag = tag
    self.steps = steps
  }

  /// Reads the written form; nil for anything else, and for more than 128 steps.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 2 * 128 + 1, omittingEmptySubsequences: false)
    guard parts.count % 2 == 1, parts.count <= 2 * 128 + 1, let tag = Tag(hex: String(parts[parts.count - 1])) else {
      return nil
    }
    var steps: [Step] = []
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      guard let sequence = Tag(hex: String(parts[index])), let item = UInt32(parts[index + 1]) else { return nil }
      steps.append(Step(sequence: sequence, item: Int(item)))
    }
    self.init(tag, in: steps)
  }
}

extension AttributePath: CustomStringConvertible {
  /// The written form.
  public var description: String {
    steps.map { "\($0.sequence.hex)/\($0.item)/" }.joined() + tag.hex
  }
}
