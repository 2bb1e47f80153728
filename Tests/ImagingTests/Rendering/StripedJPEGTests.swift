import DICOM
import Testing

@testable import Imaging

/// Large JPEGs are encoded in strips on several threads. They are decoded here by DCMTK's library, another one than that which wrote them.
@Suite struct StripedJPEGTests {
  private static func encode(
    _ pixels: [UInt8], _ width: Int, _ height: Int, channels: Int = 1, quality: Int = FrameCoder.quality, threads: Int
  ) throws -> [UInt8] {
    let picture = Picture(width: width, height: height, channels: channels, pixels: pixels)
    return try picture.encoded(as: .jpeg(quality: quality), threads: threads).bytes
  }

  private static func format(_ width: Int, _ height: Int, _ channels: Int) -> FrameFormat {
    FrameFormat(
      rows: height, columns: width, samplesPerPixel: channels, bitsAllocated: 8, bitsStored: 8, highBit: 7,
      isSigned: false, photometricInterpretation: channels == 1 ? .monochrome2 : .rgb)
  }

  private static func decode(_ jpeg: [UInt8], _ width: Int, _ height: Int, _ channels: Int = 1) throws -> [UInt8] {
    var format = format(width, height, channels)
    if channels == 3 { format.photometricInterpretation = .ybrFull422 }
    return try FrameDecoder.decode(jpeg, transferSyntax: .jpegBaseline, format: format).bytes
  }

  /// Slopes, edges and noise.
  private static func pixels(_ width: Int, _ height: Int, channels: Int = 1) -> [UInt8] {
    var dice = Dice(5)
    return [UInt8](unsafeUninitializedCapacity: width * height * channels) { buffer, count in
      for y in 0..<height {
        for x in 0..<width {
          let slope = x * 90 / width + y * 60 / height + ((x / 50 + y / 70) % 2 == 0 ? 90 : 0)
          for channel in 0..<channels {
            buffer[count] = UInt8(clamping: slope + Int(dice.next() >> 60) * (channel + 1))
            count += 1
          }
        }
      }
    }
  }

  /// Numbers of the restart markers in order, the restart interval, and the height that the header says.
  private static func structure(_ jpeg: [UInt8]) throws -> (restarts: [UInt8], interval: Int?, height: Int) {
    var interval: Int?
    var height = 0
    var at = 2
    while jpeg[at + 1] != 0xDA {
      let length = Int(jpeg[at + 2]) << 8 | Int(jpeg[at + 3])
      if jpeg[at + 1] == 0xDD { interval = Int(jpeg[at + 4]) << 8 | Int(jpeg[at + 5]) }
      if jpeg[at + 1] == 0xC0 { height = Int(jpeg[at + 5]) << 8 | Int(jpeg[at + 6]) }
      at += 2 + length
    }
    try #require(jpeg.suffix(2) == [0xFF, 0xD9])
    // In a scan no byte but zero follows FF, unless it is a marker.
    let restarts = (at..<jpeg.count - 1).filter { jpeg[$0] == 0xFF && (0xD0...0xD7).contains(jpeg[$0 + 1]) }
    return (restarts.map { jpeg[$0 + 1] - 0xD0 }, interval, height)
  }

  @Test(arguments: [(2500, 3000), (1025, 1024), (4001, 523), (8192, 129)])
  func `a large picture has the same bytes from any number of threads, and the pixels of one encoded without strips`(
    width: Int, height: Int
  ) throws {
    let pixels = Self.pixels(width, height)
    let one = try Self.encode(pixels, width, height, threads: 1)
    for threads in [2, 3, 40] {
      let several = try Self.encode(pixels, width, height, threads: threads)
      #expect(several == one, "\(threads) threads")
    }
    let structure = try Self.structure(one)
    let strips = (height + 127) / 128
    #expect(structure.restarts == (0..<strips - 1).map { UInt8($0 % 8) })
    #expect(structure.interval == (width + 7) / 8 * 16 && structure.height == height)
    // FrameCoder writes the same without restart markers.
    let plain = try FrameCoder.encode(
      DecodedFrame(format: Self.format(width, height, 1), bytes: pixels), as: .jpegBaseline)
    #expect(try Self.structure(plain).interval == nil)
    let (striped, whole) = (try Self.decode(one, width, height), try Self.decode(plain, width, height))
    #expect(striped == whole)
  }

  @Test func `so have large pictures in colour`() throws {
    let (width, height) = (1300, 901)
    let pixels = Self.pixels(width, height, channels: 3)
    let one = try Self.encode(pixels, width, height, channels: 3, threads: 1)
    #expect(try Self.encode(pixels, width, height, channels: 3, threads: 3) == one)
    let plain = try FrameCoder.encode(
      DecodedFrame(format: Self.format(width, height, 3), bytes: pixels), as: .jpegBaseline)
    let (striped, whole) = (try Self.decode(one, width, height, 3), try Self.decode(plain, width, height, 3))
    #expect(striped == whole)
  }

  @Test func `where colour is subsampled a strip is what it would be alone`() throws {
    let (width, height) = (1301, 900)
    let pixels = Self.pixels(width, height, channels: 3)
    let one = try Self.encode(pixels, width, height, channels: 3, quality: 80, threads: 1)
    #expect(try Self.encode(pixels, width, height, channels: 3, quality: 80, threads: 2) == one)
    #expect(try Self.structure(one).interval == (width + 15) / 16 * 8)
    let row = width * 3
    let decoded = try Self.decode(one, width, height, 3)
    for first in stride(from: 0, to: height, by: 128) {
      let rows = min(128, height - first)
      let strip = try Self.encode(
        Array(pixels[first * row..<(first + rows) * row]), width, rows, channels: 3, quality: 80, threads: 1)
      let alone = try Self.decode(strip, width, rows, 3)
      // A decoder smooths colour over the edge between two strips.
      let inner = 2 * row..<(rows - 2) * row
      #expect(Array(alone[inner]) == Array(decoded[first * row + inner.lowerBound..<first * row + inner.upperBound]))
    }
  }

  @Test func `the widest picture has strips that its restart interval can count`() throws {
    let (width, height) = (65_500, 140)
    let pixels = Self.pixels(width, height)
    let one = try Self.encode(pixels, width, height, threads: 1)
    #expect(try Self.encode(pixels, width, height, threads: 2) == one)
    let structure = try Self.structure(one)
    #expect(structure.interval == (width + 7) / 8 * 8 && structure.restarts == [0, 1])
    let plain = try FrameCoder.encode(
      DecodedFrame(format: Self.format(width, height, 1), bytes: pixels), as: .jpegBaseline)
    let (striped, whole) = (try Self.decode(one, width, height), try Self.decode(plain, width, height))
    #expect(striped == whole)
  }

  @Test func `a small picture has no restart markers`() throws {
    let jpeg = try Self.encode(Self.pixels(512, 512), 512, 512, threads: 4)
    let structure = try Self.structure(jpeg)
    #expect(structure.interval == nil && structure.restarts.isEmpty && structure.height == 512)
  }
}
