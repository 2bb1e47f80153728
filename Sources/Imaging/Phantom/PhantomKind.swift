/// What `rekkas phantom` can draw.
public enum PhantomKind: String, CaseIterable, Sendable {
  case ct, mr, dx, cr, us, smear, palette

  /// One line for people.
  public var summary: String {
    switch self {
    case .ct: "CT of the chest, signed: a nodule to find"
    case .mr: "MR of the head: 12 in 16 bit"
    case .dx: "radiograph of the chest: MONOCHROME2"
    case .cr: "radiograph of a hand: MONOCHROME1"
    case .us: "clip of a beating heart: RGB"
    case .smear: "blood smear under the microscope: RGB"
    case .palette: "perfusion map, a stroke to find: PALETTE COLOR"
    }
  }

  /// Size in pixels if none is asked for: what such a device delivers.
  public var fullSize: PhantomSize {
    switch self {
    case .ct: PhantomSize(columns: 512, rows: 512)
    case .mr: PhantomSize(columns: 320, rows: 320)
    case .dx: PhantomSize(columns: 2800, rows: 2880)
    case .cr: PhantomSize(columns: 1760, rows: 2140)
    case .us: PhantomSize(columns: 800, rows: 600)
    case .smear: PhantomSize(columns: 1600, rows: 1200)
    case .palette: PhantomSize(columns: 256, rows: 256)
    }
  }

  /// Slices (CT, MR) or frames (US) if none are asked for; 1 for single pictures.
  public var fullCount: Int {
    switch self {
    case .ct: 60
    case .mr: 24
    case .us: 30
    case .dx, .cr, .smear, .palette: 1
    }
  }

  /// Whether the study is a stack of files, one a slice.
  public var isStack: Bool { self == .ct || self == .mr }
  /// Whether the picture must be as wide as high.
  public var isSquare: Bool { isStack || self == .palette }
}

/// Columns × rows, written "512" or "2800x2880".
public struct PhantomSize: Sendable, Hashable, CustomStringConvertible {
  public let columns: Int
  public let rows: Int

  public init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }

  /// Takes "512" (square) or "2800x2880"; nil for anything else and outside 64...16384.
  public init?(_ text: String) {
    let parts = text.lowercased().replacing("×", with: "x").split(separator: "x", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, (1...2).contains(parts.count) else { return nil }
    guard numbers.allSatisfy({ (64...16384).contains($0) }) else { return nil }
    self.init(columns: numbers[0], rows: numbers[numbers.count - 1])
  }

  public var description: String { "\(columns)x\(rows)" }
}
