/// A value representation: how the bytes of an element's value are to be read (PS3.5 §6.2).
public struct VR: RawRepresentable, Hashable, Sendable {
  /// The two letters, the first in the high byte: "PN" is 0x504E.
  public let rawValue: UInt16

  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  init(_ first: UInt8, _ second: UInt8) { rawValue = UInt16(first) << 8 | UInt16(second) }

  /// Takes two ASCII letters; nil for any other text.
  public init?(_ text: String) {
    let letters = Array(text.utf8)
    guard letters.count == 2 else { return nil }
    self.init(letters[0], letters[1])
    guard isTwoCapitals else { return nil }
  }

  public static let ae = VR(rawValue: 0x4145)
  public static let `as` = VR(rawValue: 0x4153)
  public static let at = VR(rawValue: 0x4154)
  public static let cs = VR(rawValue: 0x4353)
  public static let da = VR(rawValue: 0x4441)
  public static let ds = VR(rawValue: 0x4453)
  public static let dt = VR(rawValue: 0x4454)
  public static let fd = VR(rawValue: 0x4644)
  public static let fl = VR(rawValue: 0x464C)
  public static let `is` = VR(rawValue: 0x4953)
  public static let lo = VR(rawValue: 0x4C4F)
  public static let lt = VR(rawValue: 0x4C54)
  public static let ob = VR(rawValue: 0x4F42)
  public static let od = VR(rawValue: 0x4F44)
  public static let of = VR(rawValue: 0x4F46)
  public static let ol = VR(rawValue: 0x4F4C)
  public static let ov = VR(rawValue: 0x4F56)
  public static let ow = VR(rawValue: 0x4F57)
  public static let pn = VR(rawValue: 0x504E)
  public static let sh = VR(rawValue: 0x5348)
  public static let sl = VR(rawValue: 0x534C)
  public static let sq = VR(rawValue: 0x5351)
  public static let ss = VR(rawValue: 0x5353)
  public static let st = VR(rawValue: 0x5354)
  public static let sv = VR(rawValue: 0x5356)
  public static let tm = VR(rawValue: 0x544D)
  public static let uc = VR(rawValue: 0x5543)
  public static let ui = VR(rawValue: 0x5549)
  public static let ul = VR(rawValue: 0x554C)
  public static let un = VR(rawValue: 0x554E)
  public static let ur = VR(rawValue: 0x5552)
  public static let us = VR(rawValue: 0x5553)
  public static let ut = VR(rawValue: 0x5554)
  public static let uv = VR(rawValue: 0x5556)

  var isTwoCapitals: Bool {
    let first = rawValue >> 8
    let second = rawValue & 0xFF
    return first >= 0x41 && first <= 0x5A && second >= 0x41 && second <= 0x5A
  }
}

extension VR: CustomStringConvertible {
  /// The two letters.
  public var description: String {
    String(decoding: [UInt8(rawValue >> 8), UInt8(truncatingIfNeeded: rawValue)], as: UTF8.self)
  }
}

extension VR {
  /// What a reader has to know about a value representation.
  enum Form {
    /// Text of the default repertoire, values separated by "\".
    case code
    /// Text in the specific character set, values separated by "\".
    case text
    /// One text in the specific character set; "\" is a character like others.
    case paragraph
    case personName
    /// IS and DS: decimal text.
    case decimal
    /// Binary integers of this many bytes.
    case unsigned(Int)
    case signed(Int)
    /// Binary floating point of this many bytes.
    case float(Int)
    case attributeTag
    case sequence
    /// Octets, in words of this many bytes.
    case octets(Int)
  }

  /// nil for letters that PS3.5 does not define.
  var form: Form? {
    switch self {
    case .ae, .as, .cs, .da, .dt, .tm, .ui: .code
    case .lo, .sh, .uc: .text
    case .lt, .st, .ut, .ur: .paragraph
    case .pn: .personName
    case .ds, .is: .decimal
    case .us: .unsigned(2)
    case .ul: .unsigned(4)
    case .uv: .unsigned(8)
    case .ss: .signed(2)
    case .sl: .signed(4)
    case .sv: .signed(8)
    case .fl: .float(4)
    case .fd: .float(8)
    case .at: .attributeTag
    case .sq: .sequence
    case .ob, .un: .octets(1)
    case .ow: .octets(2)
    case .of, .ol: .octets(4)
    case .od, .ov: .octets(8)
    default: nil
    }
  }

  /// Whether the letters are defined in PS3.5.
  public var isKnown: Bool { form != nil }

  /// Whether an explicit header has two reserved bytes and a length of 32 bits (PS3.5 §7.1.2).
  ///
  /// So has any value representation still to be invented (PS3.5 §7.1.2).
  var hasLongLength: Bool {
    switch self {
    case .ae, .as, .at, .cs, .da, .ds, .dt, .fd, .fl, .is, .lo, .lt, .pn, .sh, .sl, .ss, .st, .tm, .ui, .ul, .us: false
    default: true
    }
  }

  /// Bytes of a word whose order depends on the transfer syntax; 1 where there is none. AT counts as pairs.
  var wordSize: Int {
    switch form {
    case .unsigned(let size), .signed(let size), .float(let size), .octets(let size): size
    case .attributeTag: 2
    default: 1
    }
  }
}
