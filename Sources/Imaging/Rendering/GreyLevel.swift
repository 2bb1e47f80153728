import CCodecs

/// A brightness: 8 bits for eyes, 16 for programs that read a PNG. The loops over pixels are C's, one for each.
protocol GreyLevel: FixedWidthInteger & UnsignedInteger {
  /// Fills `count` entries; see `cc_window_table`.
  static func fill(
    _ table: UnsafeMutablePointer<Self>?, _ count: Int, first: Double, step: Double, _ window: Window, inverts: Bool)
  static func map(
    _ words: UnsafeRawPointer, _ count: Int, _ stored: cc_stored, _ table: [Self], _ out: UnsafeMutablePointer<Self>)
  static func map(aligned values: [UInt16], _ table: [Self], _ out: UnsafeMutablePointer<Self>)
}

extension UInt8: GreyLevel {
  static func fill(
    _ table: UnsafeMutablePointer<UInt8>?, _ count: Int, first: Double, step: Double, _ window: Window, inverts: Bool
  ) {
    cc_window_table(table, count, first, step, window.center, window.width, window.function.code, inverts)
  }

  static func map(
    _ words: UnsafeRawPointer, _ count: Int, _ stored: cc_stored, _ table: [UInt8], _ out: UnsafeMutablePointer<UInt8>
  ) { cc_map(words, count, stored, table, out) }

  static func map(aligned values: [UInt16], _ table: [UInt8], _ out: UnsafeMutablePointer<UInt8>) {
    cc_map_aligned(values, values.count, table, out)
  }
}

extension UInt16: GreyLevel {
  static func fill(
    _ table: UnsafeMutablePointer<UInt16>?, _ count: Int, first: Double, step: Double, _ window: Window, inverts: Bool
  ) {
    cc_window_table16(table, count, first, step, window.center, window.width, window.function.code, inverts)
  }

  static func map(
    _ words: UnsafeRawPointer, _ count: Int, _ stored: cc_stored, _ table: [UInt16], _ out: UnsafeMutablePointer<UInt16>
  ) { cc_map16(words, count, stored, table, out) }

  static func map(aligned values: [UInt16], _ table: [UInt16], _ out: UnsafeMutablePointer<UInt16>) {
    cc_map_aligned16(values, values.count, table, out)
  }
}

extension Window.Function {
  /// The number that `cc_window_table` knows it by.
  var code: Int32 {
    switch self {
    case .linear: Int32(CC_VOI_LINEAR)
    case .linearExact: Int32(CC_VOI_LINEAR_EXACT)
    case .sigmoid: Int32(CC_VOI_SIGMOID)
    }
  }
}
