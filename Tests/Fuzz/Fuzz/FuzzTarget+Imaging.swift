import Foundation
import Yams

@testable import DICOM
@testable import Imaging

extension FuzzTarget {
  /// Main headers of JPEG 2000, and the boxes around them. What OpenJPEG does with the rest is its own affair, in worker processes.
  static let codestream = FuzzTarget(
    run: { input in
      guard let info = (try? JPEG2000Codestream(input))?.info else { return }
      precondition(info.width > 0 && info.height > 0 && info.components > 0)
      precondition(info.codestream_offset + info.codestream_length <= input.count)
    },
    seeds: [ladderFrame, [0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A] + boxed("jp2c", ladderFrame)])

  /// A prepared frame that was damaged on the disk after its proof, as it is decoded in the process: OpenJPEG behind our checks.
  static let ladder = FuzzTarget(
    run: { input in
      guard let codestream = try? JPEG2000Codestream(input, isPrefix: input.count < ladderEnds.last!) else { return }
      guard (try? codestream.requireLadder(of: ladderFormat, .init(offset: 0, layerEnds: ladderEnds))) != nil else {
        return
      }
      for reduce in [0, 2] {
        guard let frame = try? codestream.decode(as: ladderFormat, reduce: reduce) else { continue }
        precondition(frame.bytes.count == frame.format.frameLength)
      }
    },
    seeds: [ladderFrame, ladderFrame.prefix(ladderEnds[0]).map { $0 }])

  /// Tables that the index keeps, compactly encoded.
  static let index = FuzzTarget(
    run: { input in
      let bytes = Array(input)
      if let table = LayerTable(encoded: bytes) {
        for frame in table.frames.prefix(10) { precondition(frame.range(layers: 99).upperBound >= frame.offset) }
        precondition(LayerTable(encoded: table.encoded()) == table)
      }
      if let location = PixelDataLocation(encoded: bytes), location.frameCount > 0 {
        _ = location.fragments(of: location.frameCount - 1)
      }
    },
    seeds: [
      LayerTable(
        format: FrameFormat(
          rows: 512, columns: 400, samplesPerPixel: 1, bitsAllocated: 16, bitsStored: 12, highBit: 11, isSigned: false,
          photometricInterpretation: .monochrome2),
        frames: [.init(offset: 2000, layerEnds: [10, 200, 3000]), .init(offset: 9000, layerEnds: [4])]
      ).encoded(),
      PixelDataLocation(nativeAt: 800, bitsPerFrame: 4096, frameCount: 7, isInInflatedDataSet: false).encoded(),
    ])

  /// What the data set says about showing native pixels: tables, windows, palettes, geometry.
  static let picture = FuzzTarget(
    run: { input in
      guard let image = try? ImageObject(ObjectBytes(Array(input))), !image.object.transferSyntax.isEncapsulated,
        image.format.frameLength < 1 << 20, let frame = try? image.decodedFrame(0, limit: 1 << 20)
      else { return }
      let attributes = ImageAttributes(image.object.dataSet, frame: 0, format: image.format)
      for side in [nil, 3, 40] as [Int?] {
        let viewport = side.map { Viewport(width: $0, height: $0, enlarges: false) }
        // An aspect of 20 makes pictures of 20 times the pixels; small ones are enough.
        guard image.format.pixelCount < 4096 || side != nil else { continue }
        if let picture = try? Renderer.picture(of: frame, attributes, viewport: viewport) {
          precondition(picture.pixels.count == picture.width * picture.height * picture.channels)
        }
      }
    },
    seeds: pictures)

  /// A compression profile in YAML.
  static let profile = FuzzTarget(
    run: { input in
      // libyaml is not ours: an input that it takes long for is none.
      guard input.count < 4096, let text = String(validating: input, as: UTF8.self),
        let root = try? Yams.compose(yaml: text)
      else { return }
      var budget = 10_000
      guard let node = node(root, &budget), let profile = try? ProfileReader.read(node) else { return }
      _ = profile.decide(ImageFacts())
    },
    seeds: [
      .init(
        text: """
          version: 1
          name: seed
          rules:
            - name: ct
              when: { modality: [CT, MR], rows: 256..2048 }
              then: { codec: ladder, layers: [4K, 12K] }
              because: seed
            - name: rest
              then: { codec: ladder }
              because: seed
          """)
    ])

  /// Nil when aliases make it larger than the budget.
  private static func node(_ node: Node, _ budget: inout Int) -> ProfileNode? {
    budget -= 1
    guard budget > 0 else { return nil }
    let line = node.mark?.line ?? 0
    switch node {
    case .scalar(let scalar): return .scalar(scalar.string, line: line)
    case .sequence(let sequence):
      var list: [ProfileNode] = []
      for child in sequence {
        guard let child = self.node(child, &budget) else { return nil }
        list.append(child)
      }
      return .list(list, line: line)
    case .mapping(let mapping):
      var entries: [ProfileNode.Entry] = []
      for (key, value) in mapping {
        guard let value = self.node(value, &budget) else { return nil }
        entries.append(.init(key: key.string ?? "", line: key.mark?.line ?? 0, value: value))
      }
      return .map(entries, line: line)
    case .alias: return nil
    }
  }

  /// What a worker process may send, were it taken over by its input.
  static let worker = FuzzTarget(
    run: { input in
      guard let lengths = WorkerMessage.lengths(Array(input.prefix(WorkerMessage.prefixLength)), payloadLimit: 1 << 20)
      else { return }
      let header = input.dropFirst(WorkerMessage.prefixLength).prefix(lengths.header)
      _ = try? JSONDecoder().decode(WorkerReply.self, from: Data(header))
      _ = try? JSONDecoder().decode(WorkerRequest.self, from: Data(header))
    },
    seeds: [
      (try? JSONEncoder().encode(WorkerReply(failure: .crashed, mediaType: "image/png", width: 1, height: 2))).map {
        WorkerMessage.prefix(header: $0.count, payload: 0) + Array($0)
      } ?? []
    ])

  // MARK: Seeds

  private static let ladderFormat = FrameFormat(
    rows: 24, columns: 30, samplesPerPixel: 1, bitsAllocated: 8, bitsStored: 8, highBit: 7, isSigned: false,
    photometricInterpretation: .monochrome2)
  private static let encoded = try? Ladder.encode(
    DecodedFrame(format: ladderFormat, bytes: (0..<720).map { UInt8(truncatingIfNeeded: $0 * 7) }), layers: [100, 300])
  private static let ladderFrame = encoded?.withUnsafeBytes { Array($0) } ?? []
  private static let ladderEnds = encoded?.layerEnds ?? [0]

  private static func boxed(_ type: String, _ content: [UInt8]) -> [UInt8] {
    [0, 0, UInt8((content.count + 8) >> 8), UInt8((content.count + 8) & 0xFF)] + Array(type.utf8) + content
  }

  private static let pictures: [[UInt8]] = [
    object(.explicitVRLittleEndian) {
      $0.string(.windowCenter, .ds, "40")
      $0.string(.windowWidth, .ds, "400")
      $0.string(.rescaleSlope, .ds, "-2.5")
      $0.string(.rescaleIntercept, .ds, "-1024")
      $0.string(.voilutFunction, .cs, "SIGMOID")
    },
    object(.explicitVRLittleEndian, photometric: "MONOCHROME1") {
      $0.sequence(.voilutSequence) {
        $0.uint16(.lutDescriptor, [4, 0, 8])
        $0.uint16(.lutData, [0, 80, 160, 255])
      }
      $0.string(.pixelSpacing, .ds, "0.5\\1")
      $0.string(.presentationLUTShape, .cs, "INVERSE")
      $0.uint16(.pixelPaddingValue, [0])
    },
    object(.explicitVRLittleEndian) {
      $0.sequence(.modalityLUTSequence) {
        $0.uint16(.lutDescriptor, [4, 0, 16])
        $0.uint16(.lutData, [0, 80, 160, 65535])
      }
    },
    object(.explicitVRLittleEndian, photometric: "PALETTE COLOR") {
      for tag: DICOM.Tag in [
        .redPaletteColorLookupTableDescriptor, .greenPaletteColorLookupTableDescriptor,
        .bluePaletteColorLookupTableDescriptor,
      ] { $0.uint16(tag, [120, 0, 16]) }
      for tag: DICOM.Tag in [
        .segmentedRedPaletteColorLookupTableData, .segmentedGreenPaletteColorLookupTableData,
        .segmentedBluePaletteColorLookupTableData,
      ] { $0.uint16(tag, [0, 3, 1, 500, 60000, 1, 100, 7, 2, 1, 0, 0], vr: .ow) }
    },
  ]
}
