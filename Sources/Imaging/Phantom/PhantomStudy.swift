import DICOM

/// A synthetic study: the same options give the same bytes on every run and machine.
public struct PhantomStudy: Sendable {
  public let kind: PhantomKind
  public let size: PhantomSize
  /// Slices of a stack, frames of a clip.
  public let count: Int
  public let seed: UInt64
  let patient: PhantomPatient

  /// - Parameters:
  ///   - size: nil for what such a device delivers.
  ///   - count: slices (CT, MR) or frames (US); nil for a usual number.
  ///   - seed: the invented person and visit; every noise and vessel follows from it.
  /// - Throws: `PhantomFailure` for options that do not fit the kind.
  public init(kind: PhantomKind, size: PhantomSize? = nil, count: Int? = nil, seed: UInt64) throws(PhantomFailure) {
    try self.init(kind: kind, size: size, count: count, seed: seed, patient: PhantomPatient(seed: seed))
  }

  init(
    kind: PhantomKind, size: PhantomSize? = nil, count: Int? = nil, seed: UInt64, patient: PhantomPatient
  ) throws(PhantomFailure) {
    let size = size ?? kind.fullSize
    let count = count ?? kind.fullCount
    if kind.isSquare, size.columns != size.rows { throw .notSquare(kind, size) }
    if count < 1 || count > 5000 { throw .countOutOfRange(count) }
    if kind.fullCount == 1, count != 1 { throw .singlePicture(kind) }
    let bytes = size.columns * size.rows * (kind.isStack ? 2 : 3 * count)
    if bytes > 2_000_000_000 { throw .tooLarge(bytes) }
    self.kind = kind
    self.size = size
    self.count = count
    self.seed = seed
    self.patient = patient
  }

  public var fileCount: Int { kind.isStack ? count : 1 }

  /// Draws and writes one file of the study as DICOM Part 10, Explicit VR Little Endian.
  ///
  /// - Parameter index: 0..<`fileCount`; any order, any number of times.
  public func file(_ index: Int) -> PhantomFile {
    precondition(index >= 0 && index < fileCount, "no such file in the study")
    let digits = PhantomText.digits(index + 1, String(fileCount).count)
    let name = fileCount == 1 ? "\(kind.rawValue).dcm" : "\(kind.rawValue)-\(digits).dcm"
    let bytes =
      switch kind {
      case .ct: ctFile(index)
      case .mr: mrFile(index)
      case .dx: dxFile()
      case .cr: crFile()
      case .us: usFile()
      case .smear: smearFile()
      case .palette: paletteFile()
      }
    return PhantomFile(name: name, bytes: bytes)
  }

  /// Everything that the bytes depend on: other bytes never share a UID.
  var identity: String { "\(visit) \(kind.rawValue) \(size) \(count)" }

  /// What one study has in common: the perfusion map belongs to the MR of its seed.
  var visit: String {
    let examination = kind == .palette ? PhantomKind.mr : kind
    return "rekkas phantom 1 \(patient.site.code) \(patient.id) \(patient.name) \(seed) \(examination.rawValue)"
  }

  func header(_ description: String) -> PhantomHeader {
    PhantomHeader(patient: patient, visit: visit, identity: identity, study: description)
  }
}

/// One file of a phantom.
public struct PhantomFile: Sendable {
  public let name: String
  /// DICOM Part 10.
  public let bytes: [UInt8]
}

/// Options of a phantom that do not fit together.
public enum PhantomFailure: Error, CustomStringConvertible {
  case notSquare(PhantomKind, PhantomSize)
  case countOutOfRange(Int)
  case singlePicture(PhantomKind)
  /// Bytes of one file.
  case tooLarge(Int)

  public var description: String {
    switch self {
    case .notSquare(let kind, let size):
      "a \(kind.rawValue) phantom is as wide as high; \(size) is not (try --size \(size.columns))"
    case .countOutOfRange(let count): "\(count) slices or frames: 1 to 5000 can be drawn"
    case .singlePicture(let kind): "a \(kind.rawValue) phantom is a single picture: leave --slices and --frames away"
    case .tooLarge(let bytes):
      "one file would hold \(bytes / 1_000_000) MB; 2000 MB is the limit (fewer frames, or a smaller --size)"
    }
  }
}
