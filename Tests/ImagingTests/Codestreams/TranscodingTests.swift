import DICOM
import Foundation
import Testing

@testable import Imaging

@Suite struct TranscodingTests {
  /// What one kind of pixels is like.
  struct Kind: Sendable, CustomTestStringConvertible {
    var description: String
    var samples = 1
    var allocated = 16
    var stored = 16
    var signed = false
    var photometric = "MONOCHROME2"
    var frames = 1
    var rows = 7
    var columns = 13
    var planar = 0
    var testDescription: String { description }

    /// Noise beside smooth stretches and long runs, within the stored bits.
    func object() -> TestObject {
      var random = SplitMix64(seed: 7)
      var object = TestObject()
      object.describe(
        rows: rows, columns: columns, samples: samples, allocated: allocated, stored: stored, high: nil, signed: signed,
        photometric: photometric)
      if frames > 1 { object.writer.string(.numberOfFrames, .is, String(frames)) }
      if samples == 3 { object.writer.uint16(.planarConfiguration, [UInt16(planar)]) }
      let mask = stored == 32 ? UInt64(UInt32.max) : (1 << UInt64(stored)) - 1
      let values = (0..<rows * columns * samples * frames).map { index -> UInt32 in
        let kind = index / 40 % 3
        let value = kind == 0 ? random.next() & mask : kind == 1 ? UInt64(index * 3) & mask : mask
        guard signed, value >> UInt64(stored - 1) == 1 else { return UInt32(value) }
        return UInt32(truncatingIfNeeded: value | ~mask)
      }
      switch allocated {
      case 8: object.writer.bytes(.pixelData, .ob, values.map { UInt8(truncatingIfNeeded: $0) })
      case 16: object.writer.uint16(.pixelData, values.map { UInt16(truncatingIfNeeded: $0) }, vr: .ow)
      default: object.writer.uint32(.pixelData, values, vr: .ow)
      }
      return object
    }
  }

  static let kinds: [Kind] = [
    Kind(description: "8 bits", allocated: 8, stored: 8), Kind(description: "6 of 8 bits", allocated: 8, stored: 6),
    Kind(description: "signed 8 bits", allocated: 8, stored: 8, signed: true),
    Kind(description: "12 bits", stored: 12), Kind(description: "7 of 16 bits", stored: 7),
    Kind(description: "signed 12 bits", stored: 12, signed: true), Kind(description: "16 bits", rows: 64, columns: 301),
    Kind(description: "signed 16 bits", signed: true), Kind(description: "one pixel", rows: 1, columns: 1),
    Kind(description: "RGB", samples: 3, allocated: 8, stored: 8, photometric: "RGB"),
    Kind(description: "RGB by plane", samples: 3, allocated: 8, stored: 8, photometric: "RGB", frames: 2, planar: 1),
    Kind(description: "16-bit RGB", samples: 3, photometric: "RGB"),
    Kind(description: "YBR_FULL", samples: 3, allocated: 8, stored: 8, photometric: "YBR_FULL"),
    Kind(description: "palette", allocated: 8, stored: 8, photometric: "PALETTE COLOR"),
    Kind(description: "three frames", stored: 12, photometric: "MONOCHROME1", frames: 3),
  ]

  @Test(arguments: kinds, FrameCoder.losslessSyntaxes)
  func `a lossless syntax gives every word back`(kind: Kind, syntax: TransferSyntax) throws {
    try kind.object().withFile { path in
      let source = try ImageObject(path: path)
      let output = TestObject.temporaryPath()
      defer { unlink(output) }
      try FileTranscoder.transcodeAnywhere(path: path, to: syntax, output: output)
      let made = try ImageObject(path: output)
      #expect(made.object.transferSyntax == syntax)
      #expect(made.frameCount == kind.frames)
      let isRCT = syntax == .jpeg2000Lossless && kind.photometric == "RGB"
      #expect(made.object.dataSet.string(.photometricInterpretation) == (isRCT ? "YBR_RCT" : kind.photometric))
      if kind.samples == 3 {
        #expect(made.object.dataSet.int(.planarConfiguration) == (syntax == .rleLossless ? 1 : 0))
      }
      #expect(made.object.dataSet.uid(.sopInstanceUID) == source.object.dataSet.uid(.sopInstanceUID))
      let changed: Set<DICOM.Tag> = [.photometricInterpretation, .planarConfiguration, .pixelData]
      #expect(source.object.firstDifference(from: made.object, ignoring: changed) == nil)
      for frame in 0..<kind.frames {
        let before = try source.decodedFrame(frame)
        let after = try made.decodedFrame(frame)
        #expect(after.format == before.format)
        #expect(after.bytes == before.bytes)
        #expect(
          try FrameCoder.encode(before, as: syntax) == Self.unpadded(made.encapsulatedFrame(frame), syntax, before))
      }
      // And back: the file's pixels are those that were received.
      let back = TestObject.temporaryPath()
      defer { unlink(back) }
      try FileTranscoder.transcodeAnywhere(path: output, to: .explicitVRLittleEndian, output: back)
      let again = try ImageObject(path: back)
      for frame in 0..<kind.frames {
        #expect(try again.decodedFrame(frame).bytes == (try source.decodedFrame(frame).bytes))
      }
    }
  }

  private static func unpadded(_ fragment: [UInt8], _ syntax: TransferSyntax, _ frame: DecodedFrame) throws -> [UInt8] {
    let length = try FrameCoder.encode(frame, as: syntax).count
    #expect(fragment.count == length + length % 2)
    return Array(fragment.prefix(length))
  }

  @Test func `bits above the stored ones are kept, or the syntax is refused`() throws {
    // 12 bits stored, an overlay in bit 15.
    let object = TestObject.grey([0x8001, 0x0fff, 0x8000, 5], stored: 12)
    for syntax in FrameCoder.losslessSyntaxes {
      let output = TestObject.temporaryPath()
      defer { unlink(output) }
      try object.withFile { path in
        if [.jpeg2000Lossless, .jpegLSLossless].contains(syntax) {
          #expect(throws: FrameFailure.cannotEncode(syntax.uid)) {
            try FileTranscoder.transcodeAnywhere(path: path, to: syntax, output: output)
          }
          #expect(access(output, F_OK) != 0)
        } else {
          try FileTranscoder.transcodeAnywhere(path: path, to: syntax, output: output)
          #expect(try ImageObject(path: output).decodedFrame(0).bytes == (try ImageObject(path: path).decode(0).bytes))
        }
      }
    }
  }

  @Test func `one-bit frames that do not end on a byte are joined`() throws {
    // Three frames of 5 x 3 bits, each packed on its own as RLE of bits has them: one literal run of two bytes.
    let frames: [[UInt8]] = [[0b1010_1010, 0b0101_0101], [0b1111_0000, 0b0000_1111], [0b1100_1100, 0b0011_0011]]
    var object = TestObject()
    object.describe(
      rows: 3, columns: 5, samples: 1, allocated: 1, stored: 1, high: nil, signed: false, photometric: "MONOCHROME2")
    object.writer.string(.numberOfFrames, .is, "3")
    object.transferSyntax = .rleLossless
    object.writer.encapsulatedPixelData(
      frames: frames.map { [1, 0, 0, 0, 64, 0, 0, 0] + [UInt8](repeating: 0, count: 56) + [1] + $0 + [0] })
    try object.withFile { path in
      let source = try ImageObject(path: path)
      let output = TestObject.temporaryPath()
      defer { unlink(output) }
      try FileTranscoder.transcodeAnywhere(path: path, to: .explicitVRLittleEndian, output: output)
      let made = try ImageObject(path: output)
      #expect(made.frameCount == 3)
      #expect(made.object.dataSet.octets(.pixelData).count == 6)
      for frame in 0..<3 {
        var expected = try source.decodedFrame(frame).bytes
        expected[1] &= 0x7f
        #expect(try made.decodedFrame(frame).bytes == expected)
      }
    }
  }

  @Test func `32-bit words go into RLE and nothing else`() throws {
    let kind = Kind(description: "32 bits", allocated: 32, stored: 32)
    try kind.object().withFile { path in
      let frame = try ImageObject(path: path).decodedFrame(0)
      for syntax in FrameCoder.losslessSyntaxes {
        #expect(FrameCoder.canEncode(syntax, frame.format) == (syntax == .rleLossless))
      }
      let output = TestObject.temporaryPath()
      defer { unlink(output) }
      try FileTranscoder.transcodeAnywhere(path: path, to: .rleLossless, output: output)
      #expect(try ImageObject(path: output).decodedFrame(0).bytes == frame.bytes)
    }
  }

  @Test(arguments: [TransferSyntax.jpegBaseline, .jpegLSNearLossless, .jpeg2000, .implicitVRLittleEndian])
  func `no whole object is written in a lossy or unknown syntax`(syntax: TransferSyntax) throws {
    try TestObject.grey([1, 2], allocated: 8).withFile { path in
      #expect(throws: FrameFailure.cannotEncode(syntax.uid)) {
        try FileTranscoder.transcodeAnywhere(path: path, to: syntax, output: TestObject.temporaryPath())
      }
    }
  }

  @Test func `a frame becomes a JPEG of 8 bits, near enough`() throws {
    let values = (0..<64 * 64).map { $0 % 64 * 3 + $0 / 64 }
    try TestObject.grey(values, columns: 64, allocated: 8).withFile { path in
      let object = try ImageObject(path: path)
      let frame = try object.decodedFrame(0)
      let bytes = try FrameCoder.encode(frame, as: .jpegBaseline)
      let decoded = try FrameDecoder.decode(bytes, transferSyntax: .jpegBaseline, format: frame.format)
      let worst = zip(decoded.bytes, frame.bytes).map { abs(Int($0) - Int($1)) }.max() ?? 255
      #expect(worst <= 4)
    }
    let deep = FrameFormat(
      rows: 1, columns: 1, samplesPerPixel: 1, bitsAllocated: 16, bitsStored: 12, highBit: 11, isSigned: false,
      photometricInterpretation: .monochrome2)
    #expect(!FrameCoder.canEncode(.jpegBaseline, deep))
  }

  @Test func `JPEG-LS that was cut off is refused at once`() throws {
    let kind = Kind(description: "", rows: 40, columns: 40)
    try kind.object().withFile { path in
      let frame = try ImageObject(path: path).decodedFrame(0)
      let codestream = try FrameCoder.encode(frame, as: .jpegLSLossless)
      for length in stride(from: 0, to: codestream.count - 4, by: 97) {
        let started = ContinuousClock.now
        #expect(throws: FrameFailure.self) {
          try Array(codestream.prefix(length)).withUnsafeFrameBytes { bytes throws(FrameFailure) in
            try JPEGLSCodestream.decode(bytes, as: frame.format, limit: 1 << 20)
          }
        }
        #expect(ContinuousClock.now - started < .seconds(2))
      }
    }
  }

  @Test func `offset tables lead to the frames`() throws {
    var kind = Kind(description: "", allocated: 8, stored: 8)
    kind.frames = 4
    try kind.object().withFile { path in
      for syntax in FrameCoder.losslessSyntaxes {
        let output = TestObject.temporaryPath()
        defer { unlink(output) }
        try FileTranscoder.transcodeAnywhere(path: path, to: syntax, output: output)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: output))
        let location = try #require(try ImageObject(path: output).object.pixelData)
        let first = location.fragments(of: 0)[0].lowerBound - 8
        let table = first - 16
        for frame in 0..<4 {
          let entry = bytes[table + 4 * frame..<table + 4 * frame + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
          #expect(location.fragments(of: frame).count == 1)
          #expect(first + entry + 8 == location.fragments(of: frame)[0].lowerBound)
        }
      }
    }
  }
}

@Suite(.enabled(if: TestData.root != nil, "no test data: set REKKAS_TEST_DATA"))
struct RealTranscodingTests {
  @Test(
    arguments: TestData.files { !$0.hasPrefix("malformed/") && !$0.hasPrefix("charsets/") && !$0.contains("series_") })
  func `real images come back from every syntax that takes them`(name: String) throws {
    let path = TestData.path(name)
    guard let source = try? ImageObject(path: path), let first = try? source.decodedFrame(0),
      first.format.pixelCount * source.frameCount < 1 << 25
    else { return }
    for syntax in FrameCoder.losslessSyntaxes {
      let output = TestObject.temporaryPath()
      defer { unlink(output) }
      do {
        try FileTranscoder.transcodeAnywhere(path: path, to: syntax, output: output)
      } catch FrameFailure.cannotEncode {
        let isClean = FrameCoder.canEncode(syntax, first.format)
        #expect(!isClean || [.jpeg2000Lossless, .jpegLSLossless].contains(syntax), "\(syntax) must take this")
        continue
      }
      let made = try ImageObject(path: output)
      for frame in Set([0, source.frameCount / 2, source.frameCount - 1]) {
        let before = try source.decodedFrame(frame)
        let after = try made.decodedFrame(frame)
        #expect(after.bytes == before.bytes, "\(syntax), frame \(frame)")
        #expect(after.format.photometricInterpretation == before.format.photometricInterpretation)
      }
    }
  }
}
