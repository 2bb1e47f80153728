/// A VOI window: which values are spread from black to white (PS3.3 C.11.2.1.2).
public struct Window: Sendable, Codable, Hashable {
  /// How values become brightness (PS3.3 C.11.2.1.3).
  public enum Function: String, Sendable, Codable, Hashable {
    case linear = "LINEAR"
    case linearExact = "LINEAR_EXACT"
    case sigmoid = "SIGMOID"
  }

  /// In output units of the Modality LUT, for example Hounsfield units.
  public let center: Double
  /// At least 1 for `linear`, greater than 0 for the others.
  public let width: Double
  public let function: Function

  /// Nil when the numbers are no window: not finite, or a width that the function does not allow.
  public init?(center: Double, width: Double, function: Function = .linear) {
    guard center.isFinite, width.isFinite, width > 0, function != .linear || width >= 1 else { return nil }
    self.center = center
    self.width = width
    self.function = function
  }

  /// The window that shows `low` as black and `high` as white.
  static func covering(_ low: Double, _ high: Double) -> Window {
    let width = high - low
    if width > 0, let window = Window(center: low + width / 2, width: width, function: .linearExact) { return window }
    // One value only: mid-grey says "an image, but flat".
    return Window(center: low.isFinite ? low : 0, width: 1, function: .linearExact)!
  }
}
