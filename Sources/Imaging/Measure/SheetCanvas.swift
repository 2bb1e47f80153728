/// RGB pixels to put pictures and words on.
struct SheetCanvas {
  private(set) var picture: Picture

  init(width: Int, height: Int, grey: UInt8) {
    picture = Picture(
      width: width, height: height, channels: 3, pixels: [UInt8](repeating: grey, count: width * height * 3))
  }

  /// Puts a grey or colour picture at a place; what lies outside is cut off.
  mutating func draw(_ other: Picture, x: Int, y: Int) {
    let columns = min(other.width, picture.width - x)
    guard columns > 0 else { return }
    for row in 0..<max(0, min(other.height, picture.height - y)) {
      let from = row * other.width * other.channels
      let to = ((y + row) * picture.width + x) * 3
      if other.channels == 3 {
        picture.pixels.replaceSubrange(to..<to + columns * 3, with: other.pixels[from..<from + columns * 3])
      } else {
        for column in 0..<columns {
          let value = other.pixels[from + column]
          for channel in 0..<3 { picture.pixels[to + column * 3 + channel] = value }
        }
      }
    }
  }

  mutating func fill(x: Int, y: Int, width: Int, height: Int, color: (UInt8, UInt8, UInt8)) {
    for row in max(0, y)..<max(0, y, min(y + height, picture.height)) {
      for column in max(0, x)..<max(0, x, min(x + width, picture.width)) {
        let at = (row * picture.width + column) * 3
        (picture.pixels[at], picture.pixels[at + 1], picture.pixels[at + 2]) = color
      }
    }
  }

  /// A frame two pixels wide around an area.
  mutating func outline(x: Int, y: Int, width: Int, height: Int, color: (UInt8, UInt8, UInt8)) {
    fill(x: x - 2, y: y - 2, width: width + 4, height: 2, color: color)
    fill(x: x - 2, y: y + height, width: width + 4, height: 2, color: color)
    fill(x: x - 2, y: y, width: 2, height: height, color: color)
    fill(x: x + width, y: y, width: 2, height: height, color: color)
  }

  /// One line of words; its upper left corner is given.
  mutating func write(_ text: String, x: Int, y: Int, color: (UInt8, UInt8, UInt8)) {
    var left = x
    for character in text {
      for (row, dots) in SheetFont.pixels(character).enumerated() {
        for (column, ink) in dots.enumerated() where ink {
          fill(x: left + column, y: y + row, width: 1, height: 1, color: color)
        }
      }
      left += SheetFont.advance
    }
  }
}
