import DICOM

/// What a compression profile may ask about an image: read from its attributes, or known from where it came.
///
/// A fact that is absent never satisfies a condition: "not CT" cannot be concluded from no modality at all.
public struct ImageFacts: Sendable, Equatable {
  /// Facts that are one of a list of words, by the condition's key in the YAML file.
  public var words: [ProfileKey: String] = [:]
  /// Facts that are numbers.
  public var numbers: [ProfileKey: Double] = [:]

  public init() {}

  /// The facts in an object's own attributes; site, link class, specialty and urgency are added by who knows them.
  public init(_ object: ParsedObject) {
    let dataSet = object.dataSet
    func word(_ key: ProfileKey, _ tag: Tag) {
      if let value = dataSet.string(tag), !value.isEmpty { words[key] = value.uppercased() }
    }
    func number(_ key: ProfileKey, _ tag: Tag) {
      if let value = dataSet.int(tag) { numbers[key] = Double(value) }
    }
    word(.modality, .modality)
    word(.sopClass, .sopClassUID)
    word(.bodyPart, .bodyPartExamined)
    word(.photometricInterpretation, .photometricInterpretation)
    words[.transferSyntax] = object.transferSyntax.uid.rawValue
    number(.bitsStored, .bitsStored)
    number(.bitsAllocated, .bitsAllocated)
    number(.samplesPerPixel, .samplesPerPixel)
    number(.rows, .rows)
    number(.columns, .columns)
    if let pixels = object.pixelData { numbers[.frames] = Double(pixels.frameCount) }
    if let rows = numbers[.rows], let columns = numbers[.columns] { numbers[.megapixels] = rows * columns / 1e6 }
  }
}

/// What a rule's `when` may name.
public enum ProfileKey: String, Sendable, CaseIterable, Codable {
  case modality
  case sopClass = "sop-class"
  case bodyPart = "body-part"
  case photometricInterpretation = "photometric-interpretation"
  case transferSyntax = "transfer-syntax"
  case site
  case linkClass = "link-class"
  case specialty
  case urgency
  case bitsStored = "bits-stored"
  case bitsAllocated = "bits-allocated"
  case samplesPerPixel = "samples-per-pixel"
  case frames
  case rows
  case columns
  case megapixels

  /// Whether the fact is a number and its condition a range, or a word and its condition a list.
  public var isNumber: Bool {
    switch self {
    case .bitsStored, .bitsAllocated, .samplesPerPixel, .frames, .rows, .columns, .megapixels: true
    default: false
    }
  }
}
