/// A small built-in typeface for contact sheets: five by eight dots, drawn doubled with rounded corners. No file, no library, and the
/// same dots on every machine.
enum SheetFont {
  /// Of a drawn character and the space behind it, and of a line, in pixels.
  static let advance = 12
  static let lineHeight = 22
  static let glyphHeight = 16

  /// The dots of a character twice as large: rows of ten pixels, true where there is ink.
  static func pixels(_ character: Character) -> [[Bool]] {
    let columns = columns(character)
    func dot(_ x: Int, _ y: Int) -> Bool {
      (0..<5).contains(x) && (0..<8).contains(y) && columns[x] >> UInt8(y) & 1 == 1
    }
    var rows = [[Bool]](repeating: [Bool](repeating: false, count: 10), count: glyphHeight)
    for y in 0..<8 {
      for x in 0..<5 {
        let ink = dot(x, y)
        let (up, down, left, right) = (dot(x, y - 1), dot(x, y + 1), dot(x - 1, y), dot(x + 1, y))
        // Scale2x (AdvanceMAME): a quarter takes the neighbours' colour where a diagonal runs through it.
        rows[2 * y][2 * x] = left == up && left != down && up != right ? left : ink
        rows[2 * y][2 * x + 1] = up == right && up != left && right != down ? right : ink
        rows[2 * y + 1][2 * x] = left == down && left != up && down != right ? left : ink
        rows[2 * y + 1][2 * x + 1] = down == right && left != down && up != right ? right : ink
      }
    }
    return rows
  }

  /// Five columns, the lowest bit on top; what is not in the typeface is a box.
  private static func columns(_ character: Character) -> [UInt8] {
    switch character {
    case "×": return [0x22, 0x14, 0x08, 0x14, 0x22]
    case "·": return [0x00, 0x00, 0x18, 0x18, 0x00]
    case "±": return [0x44, 0x44, 0x5F, 0x44, 0x44]
    case "–": return [0x08, 0x08, 0x08, 0x08, 0x08]
    default: break
    }
    guard let ascii = character.asciiValue, (0x20...0x7E).contains(ascii) else {
      return [0x7F, 0x41, 0x41, 0x41, 0x7F]
    }
    let start = Int(ascii - 0x20) * 5
    return Array(ascii5x8[start..<start + 5])
  }

  /// From space to tilde, two hexadecimal digits a column.
  private static let ascii5x8: [UInt8] = """
    0000000000 00005F0000 0007000700 147F147F14 242A7F2A12 2313086462 3649552250 0005030000
    001C224100 0041221C00 14083E0814 08083E0808 00A0600000 0808080808 0060600000 2010080402
    3E5149453E 00427F4000 4261514946 2141454B31 1814127F10 2745454539 3C4A494930 0171090503
    3649494936 064949291E 0036360000 00AC6C0000 0814224100 1414141414 4122140800 0201510906
    3E415D551E 7E0909097E 7F49494936 3E41414122 7F4141221C 7F49494941 7F09090901 3E4149497A
    7F0808087F 00417F4100 2040413F01 7F08142241 7F40404040 7F020C027F 7F0408107F 3E4141413E
    7F09090906 3E4151215E 7F09192946 2649494932 01017F0101 3F4040403F 1F2040201F 3F4038403F
    6314081463 0708700807 6151494543 007F414100 0204081020 0041417F00 0402010204 8080808080
    0003050000 2054545478 7F48444438 3844444428 384444487F 3854545418 087E090102 18A4A4A47C
    7F08040478 00447D4000 4080847D00 7F10284400 00417F4000 7C04180478 7C08040478 3844444438
    FC24242418 18242424FC 7C08040408 4854545424 043F444020 3C4040207C 1C2040201C 3C4030403C
    4428102844 1CA0A0A07C 4464544C44 0008364100 00007F0000 0041360800 1008081008
    """.split { $0 == " " || $0 == "\n" }.flatMap { glyph in
      stride(from: 32, through: 0, by: -8).map {
        UInt8(truncatingIfNeeded: (UInt64(glyph, radix: 16) ?? 0) >> UInt64($0))
      }
    }
}
