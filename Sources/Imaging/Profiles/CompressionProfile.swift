/// How images are prepared, as data: rules in order, of which the first that fits an image decides (DESIGN §7).
public struct CompressionProfile: Sendable, Equatable {
  public let name: String
  public let version: Int
  /// At least one; the last has no conditions and is lossless, so every image finds a rule.
  public let rules: [ProfileRule]

  /// The rule for an image, and for each rule before it the condition that it failed.
  public func decide(_ facts: ImageFacts) -> ProfileDecision {
    var refused: [ProfileDecision.Refusal] = []
    for rule in rules {
      guard let failed = rule.conditions.first(where: { !$0.holds(for: facts) }) else {
        return ProfileDecision(rule: rule, refused: refused)
      }
      refused.append(.init(rule: rule.name, condition: failed, found: failed.found(in: facts)))
    }
    preconditionFailure("a profile without a last rule for all images is refused when it is read")
  }
}

/// One rule: for which images, what to do, and why, in words shown to people.
public struct ProfileRule: Sendable, Equatable {
  public let name: String
  public let because: String
  /// All must hold.
  public let conditions: [ProfileCondition]
  public let action: ProfileAction
}

/// One condition of a rule: a fact among words, or within a range.
public struct ProfileCondition: Sendable, Equatable, CustomStringConvertible {
  public enum Test: Sendable, Equatable {
    /// Upper-case words.
    case oneOf([String])
    case within(ClosedRange<Double>)
  }

  public let key: ProfileKey
  public let test: Test

  func holds(for facts: ImageFacts) -> Bool {
    switch test {
    case .oneOf(let words): facts.words[key].map(words.contains) ?? false
    case .within(let range): facts.numbers[key].map(range.contains) ?? false
    }
  }

  func found(in facts: ImageFacts) -> String? {
    key.isNumber ? facts.numbers[key].map(Self.text) : facts.words[key]
  }

  public var description: String {
    switch test {
    case .oneOf(let words): "\(key.rawValue) is \(words.joined(separator: " or "))"
    case .within(let range):
      switch (range.lowerBound, range.upperBound) {
      case (-.infinity, let high): "\(key.rawValue) is at most \(Self.text(high))"
      case (let low, .infinity): "\(key.rawValue) is at least \(Self.text(low))"
      case (let low, let high) where low == high: "\(key.rawValue) is \(Self.text(low))"
      case (let low, let high): "\(key.rawValue) is \(Self.text(low)) to \(Self.text(high))"
      }
    }
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }
}

/// What is done with an image. Every choice here is lossless; lossy derivatives come with the ceilings of DESIGN §5.
public struct ProfileAction: Sendable, Equatable {
  public enum Codec: String, Sendable, CaseIterable, Codable {
    /// JPEG 2000 lossless with quality layers: every preview is a prefix of the original.
    case ladder
    /// The received bytes stay as they are.
    case asReceived = "as-received"
  }

  public var codec = Codec.ladder
  /// Ends of the quality layers in bytes, rising; the lossless layer follows by itself.
  public var layers = [4 << 10, 12 << 10, 40 << 10, 120 << 10]
  /// Whether the received file stays beside the prepared one, which is proven equal.
  public var keepReceived = false
  /// Longest side of a thumbnail, in pixels.
  public var thumbnail = 128
  /// Whether an image that says it has identifying text burned in (0028,0301) gets no thumbnail of its picture.
  public var hideBurnedInText = false

  public init() {}
}

/// Which rule an image found, and why it was not an earlier one.
public struct ProfileDecision: Sendable, Equatable {
  public struct Refusal: Sendable, Equatable {
    public let rule: String
    /// The first condition that does not hold.
    public let condition: ProfileCondition
    /// What the image has instead; nil when it lacks the attribute.
    public let found: String?
  }

  public let rule: ProfileRule
  public let refused: [Refusal]
}
