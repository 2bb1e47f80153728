import CCodecs
import DICOM

/// The pixels of one frame that the overlay planes of its object set (PS3.3 §C.9.2), all sixteen groups together.
struct OverlayMask {
  let columns: Int
  let rows: Int
  /// A byte a pixel, 0 or 1.
  private var pixels: [UInt8]

  /// White at 16 bits of grey; else a yellow that neither bone nor air has.
  private static let colour: [UInt8] = [255, 216, 0]

  /// Nil when the object has no overlay for this frame.
  ///
  /// - Parameters:
  ///   - format: of the frame at full size.
  ///   - number: of the frame, from 0.
  ///   - frame: its words as they are stored: planes of the retired form lie in bits that the pixels leave. nil: there are none.
  init?(_ dataSet: DataSet, _ format: FrameFormat, number: Int, frame: DecodedFrame?) {
    columns = format.columns
    rows = format.rows
    let planes = stride(from: UInt16(0x6000), through: 0x601E, by: 2).compactMap { OverlayPlane(dataSet, group: $0) }
    guard !planes.isEmpty else { return nil }
    pixels = [UInt8](repeating: 0, count: format.pixelCount)
    var isEmpty = true
    for plane in planes where plane.draw(number, format, frame, into: &pixels) { isEmpty = false }
    if isEmpty { return nil }
  }

  /// Draws on a picture that was made of this frame's region and not turned over yet.
  func draw(on picture: inout Picture, _ geometry: PictureGeometry) {
    let count = picture.width * picture.height
    var cover = [UInt8](repeating: 0, count: count)
    guard
      cc_overlay_cover(
        pixels, Int32(columns), Int32(geometry.x), Int32(geometry.y), Int32(geometry.width), Int32(geometry.height),
        &cover, Int32(picture.width), Int32(picture.height))
    else { return }
    if picture.bits == 16 {
      cc_overlay_paint(cover, count, Int32(picture.bytesPerPixel), [255, 255, 255, 255, 255, 255], &picture.pixels)
      return
    }
    if picture.channels == 1 {
      let grey = picture.pixels
      picture.channels = 3
      picture.pixels = [UInt8](unsafeUninitializedCapacity: count * 3) { buffer, filled in
        cc_grey_to_rgb(grey, count, buffer.baseAddress)
        filled = count * 3
      }
    }
    cc_overlay_paint(cover, count, 3, Self.colour, &picture.pixels)
  }
}

/// One group (60xx).
private struct OverlayPlane {
  let rows: Int
  let columns: Int
  /// Of the plane's first pixel in the image, from 0; may lie outside.
  let top: Int
  let left: Int
  let bits: Bits
  /// Frames of the image that the plane's frames belong to, from 0; nil: the one plane belongs to all.
  let frames: Range<Int>?

  enum Bits {
    /// Packed, least significant bit first.
    case own([UInt8])
    /// In bit `position` of the pixels' words.
    case embedded(position: Int)
  }

  init?(_ dataSet: DataSet, group: UInt16) {
    func tag(_ element: UInt16) -> Tag { Tag(group, element) }
    guard let rows = dataSet.int(tag(0x0010)), let columns = dataSet.int(tag(0x0011)), (1...0xFFFF).contains(rows),
      (1...0xFFFF).contains(columns)
    else { return nil }
    self.rows = rows
    self.columns = columns
    // Signed, whatever VR it was written with.
    let origin = dataSet.words(tag(0x0050)).map { Int(Int16(bitPattern: $0)) - 1 }
    (top, left) = origin.count >= 2 ? (origin[0], origin[1]) : (0, 0)
    let data = tag(0x3000)
    if dataSet.contains(data) {
      // Words of OW are in our byte order by now: their low bytes come first.
      bits = .own(
        dataSet.vr(of: data) == .ow
          ? dataSet.words(data).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } : dataSet.octets(data))
    } else if let position = dataSet.int(tag(0x0102)), let allocated = dataSet.int(tag(0x0100)), allocated > 1,
      (0..<16).contains(position)
    {
      bits = .embedded(position: position)
    } else {
      return nil
    }
    if let count = dataSet.int(tag(0x0015)), count > 0, case .own = bits {
      let first = max(0, (dataSet.int(tag(0x0051)) ?? 1) - 1)
      frames = first..<first + min(count, 1 << 24)
    } else {
      frames = nil
    }
  }

  /// False when this frame has none of it.
  func draw(_ number: Int, _ format: FrameFormat, _ frame: DecodedFrame?, into mask: inout [UInt8]) -> Bool {
    if let frames, !frames.contains(number) { return false }
    switch bits {
    case .own(let packed):
      let first = (number - (frames?.lowerBound ?? number)) * rows * columns
      cc_overlay_bits(
        packed, packed.count, UInt64(first), Int32(rows), Int32(columns), Int32(top), Int32(left), &mask,
        Int32(format.rows), Int32(format.columns))
    case .embedded(let position):
      let stored = format.highBit - format.bitsStored + 1...format.highBit
      guard let frame, format.sampleKind == .integer, format.samplesPerPixel == 1,
        [8, 16].contains(format.bitsAllocated), position < format.bitsAllocated, !stored.contains(position)
      else { return false }
      frame.withUnsafeBytes {
        cc_overlay_embedded($0.baseAddress, format.pixelCount, Int32(format.bitsAllocated), Int32(position), &mask)
      }
    }
    return true
  }
}
