import CFuzz
import Foundation

@testable import DICOM

extension FuzzTarget {
  /// Few elements are enough to reach every state, and make runs fast.
  private static let limits = ParseLimits(
    elements: 20_000, inflatedBytes: 1 << 20, inflatedBytesInMemory: 64 << 10,
    temporaryDirectory: NSTemporaryDirectory())

  /// The bounded walk over a whole object, the frame table, JSON, and every value.
  static let dataset = FuzzTarget(
    run: { input in
      let bytes = ObjectBytes(Array(input))
      guard let object = try? ParsedObject.parse(bytes, limits: limits) else { return }
      look(at: object, bytes)
    },
    seeds: smallObjects, seed: smallEnough)

  /// What is made of an object that was read.
  private static func look(at object: ParsedObject, _ bytes: ObjectBytes) {
    _ = object.dataSet.json()
    _ = object.dataSet.json(only: [.patientName, .studyDate, .rows, .windowCenter, .specificCharacterSet])
    precondition(object.firstDifference(from: object, ignoring: []) == nil)
    for tag: Tag in [.patientName, .rows, .windowCenter, .numberOfFrames, .sopInstanceUID, .pixelData] {
      _ = object.dataSet.strings(tag)
      _ = object.dataSet.int(tag)
      _ = object.dataSet.doubles(tag)
    }
    guard let pixels = object.pixelData else { return }
    precondition(PixelDataLocation(encoded: pixels.encoded()) == pixels)
    let size = object.transferSyntax.isDeflated ? Int.max : bytes.count
    for frame in [0, pixels.frameCount / 2, pixels.frameCount - 1] where frame >= 0 {
      for range in pixels.fragments(of: frame) { precondition(range.lowerBound >= 0 && range.upperBound <= size) }
    }
  }

  /// A deflated data set: the input is what lies behind a good header.
  static let inflate = FuzzTarget(
    run: { input in
      let head = FileMeta.canonicalHeader(
        sopClassUID: "1.2.840.10008.5.1.4.1.1.7", sopInstanceUID: "1.2.3",
        transferSyntax: .deflatedExplicitVRLittleEndian)
      let bytes = ObjectBytes(head + Array(input))
      guard let object = try? ParsedObject.parse(bytes, limits: limits) else { return }
      look(at: object, bytes)
    },
    seeds: [deflated.suffix(from: dataSetOffset(deflated)).map { $0 }, [0x03, 0x00]])

  /// A file that arrives in pieces, the sizes of which are the first byte of the input.
  static let receiver = FuzzTarget(
    run: { input in
      guard let first = input.first, let spool = try? Spool(directory: NSTemporaryDirectory()) else { return }
      var receiver = Part10Receiver(spool: spool)
      do {
        var rest = input.dropFirst()
        while !rest.isEmpty {
          try receiver.receive(UnsafeRawBufferPointer(rebasing: rest.prefix(Int(first) + 1)))
          rest = rest.dropFirst(Int(first) + 1)
        }
        _ = try receiver.finish()
        _ = try spool.finish()
        // What was taken as a file is one that can be opened again, whatever its data set holds.
        let head = try spool.bytes().withUnsafeBytes { try? FileHead.read($0, isWhole: true) }
        precondition(head != nil)
      } catch {}
    },
    seeds: smallObjects.map { [200] + $0 }, seed: { file in smallEnough(file).map { [255] + $0 } })

  /// The value of (0008,0005) up to the first line feed, then text in that character set.
  static let characters = FuzzTarget(
    run: { input in
      let end = input.firstIndex(of: 0x0A) ?? input.endIndex
      let set = CharacterSet(terms: UnsafeRawBufferPointer(rebasing: input[..<end]))
      let text = UnsafeRawBufferPointer(rebasing: input[min(end + 1, input.endIndex)...])
      for isPersonName in [false, true] {
        let decoded = TextDecoder.decode(text, set, isPersonName: isPersonName)
        precondition(String(validating: decoded, as: UTF8.self) != nil)
      }
    },
    seeds: [
      .init(text: "ISO_IR 100\nLef\u{e8}vre^Zo\u{e9}"), .init(text: "ISO_IR 192\nبن علي^محمد"),
      .init(text: "GB18030\n王"),
      Array("\\ISO 2022 IR 87\nYamada^Tarou=".utf8) + [0x1B, 0x24, 0x42, 0x3B, 0x33, 0x45, 0x44, 0x1B, 0x28, 0x42],
      Array("ISO 2022 IR 13\\ISO 2022 IR 87\n".utf8) + [0xD4, 0xCF, 0xC0, 0xDE, 0x3D, 0x1B, 0x24, 0x42, 0x3B, 0x33],
      Array("\\ISO 2022 IR 149\nHong=".utf8) + [0x1B, 0x24, 0x29, 0x43, 0xFB, 0xF3],
      Array("\\ISO 2022 IR 58\n".utf8) + [0x1B, 0x24, 0x29, 0x41, 0xCD, 0xF5], Array("\n".utf8) + [0xC7, 0xE1, 0xCD],
      Array("ISO_IR 127\n".utf8) + [0xC8, 0xE6],
      Array("ISO 2022 IR 100\\ISO 2022 IR 127\n".utf8) + [0x1B, 0x2D, 0x47, 0xC8],
    ])

  /// An A-ASSOCIATE-RQ.
  static let association = FuzzTarget(
    run: { fuzz_association_request($0.bindMemory(to: UInt8.self).baseAddress, $0.count) },
    seeds: [associationRequest])

  /// A command set (PS3.7 §6.3.1).
  static let command = FuzzTarget(
    run: { fuzz_command($0.bindMemory(to: UInt8.self).baseAddress, $0.count) }, seeds: [storeRequest])

  private static let storeRequest: [UInt8] = {
    func element(_ number: UInt16, _ value: [UInt8]) -> [UInt8] {
      [0, 0, UInt8(number & 0xFF), UInt8(number >> 8), UInt8(value.count), 0, 0, 0] + value
    }
    return element(0x0000, [0, 0, 0, 0]) + element(0x0002, Array("1.2.840.10008.5.1.4.1.1.2\u{0}".utf8))
      + element(0x0100, [1, 0]) + element(0x0110, [7, 0]) + element(0x0700, [0, 0]) + element(0x0800, [0, 0])
      + element(0x1000, Array("1.2.3\u{0}".utf8)) + element(0x1030, Array("PEER".utf8)) + element(0x1031, [3, 0])
  }()

  /// Compressed frames that are read in the process: JPEG's header, and RLE.
  static let coded = FuzzTarget(
    run: { fuzz_coded_frame($0.bindMemory(to: UInt8.self).baseAddress, $0.count) },
    seeds: [
      [4, 8, 1] + Array("\u{1}".utf8) + [UInt8](repeating: 0, count: 3) + [64] + [UInt8](repeating: 0, count: 59)
        + [253, 9, 3, 1, 2, 3, 4, 231, 5],
      [4, 8, 2] + [2, 0, 0, 0, 64, 0, 0, 0, 66, 0, 0, 0] + [UInt8](repeating: 0, count: 52) + [225, 7, 225, 9],
      [
        8, 16, 1, 0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 16, 1, 1, 0x11, 0, 0xFF,
        0xD9,
      ],
    ])

  // MARK: Seeds

  /// Files of more than this make a run slow and reach nothing more.
  static func smallEnough(_ file: [UInt8]) -> [UInt8]? { file.count < 40_000 ? file : nil }

  static func object(
    _ syntax: TransferSyntax, photometric: String = "MONOCHROME2", _ add: (inout DataSetWriter) -> Void = { _ in }
  ) -> [UInt8] {
    var writer = DataSetWriter()
    writer.string(.specificCharacterSet, .cs, "ISO_IR 192")
    writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.7")
    writer.uid(.sopInstanceUID, "1.2.3.4")
    writer.string(.patientName, .pn, "Lefèvre^Zoé=王")
    writer.sequence(.requestAttributesSequence) { $0.string(.accessionNumber, .sh, "A1") }
    writer.uint16(.samplesPerPixel, [1])
    writer.string(.photometricInterpretation, .cs, photometric)
    writer.uint16(.rows, [4])
    writer.uint16(.columns, [4])
    writer.uint16(.bitsAllocated, [16])
    writer.uint16(.bitsStored, [12])
    writer.uint16(.highBit, [11])
    writer.uint16(.pixelRepresentation, [0])
    add(&writer)
    if syntax.isEncapsulated {
      writer.encapsulatedPixelData(frames: [[1, 2, 3, 4], [5, 6]])
    } else {
      writer.uint16(.pixelData, (0..<16).map { $0 * 250 }, vr: .ow)
    }
    return writer.file(transferSyntax: syntax)
  }

  static let smallObjects: [[UInt8]] = [
    object(.explicitVRLittleEndian), object(.implicitVRLittleEndian), object(.explicitVRBigEndian),
    object(.jpeg2000Lossless) { $0.string(.numberOfFrames, .is, "2") }, deflated,
  ]

  private static let deflated = object(.deflatedExplicitVRLittleEndian)

  private static func dataSetOffset(_ file: [UInt8]) -> Int {
    (try? ParsedObject.parse(ObjectBytes(file)).dataSetOffset) ?? 0
  }

  private static let associationRequest: [UInt8] = {
    func item(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
      [type, 0, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
    }
    let context =
      item(0x30, Array("1.2.840.10008.1.1".utf8)) + item(0x40, Array("1.2.840.10008.1.2".utf8))
    let user =
      item(0x51, [0, 0, 0x40, 0]) + item(0x52, Array("1.2.3".utf8)) + item(0x55, Array("SEED".utf8))
      + item(0x54, [0, 3] + Array("1.2".utf8) + [1, 1]) + item(0x58, [2, 1, 0, 2, 0x61, 0x62, 0, 1, 0x63])
    let titles = Array("REKKAS          SEED            ".utf8) + [UInt8](repeating: 0, count: 32)
    return [0, 1, 0, 0] + titles + item(0x10, Array("1.2.840.10008.3.1.1.1".utf8)) + item(0x20, [1, 0, 0, 0] + context)
      + item(0x50, user)
  }()
}
