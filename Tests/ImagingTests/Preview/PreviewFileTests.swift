import DICOM
import Foundation
import Testing

@testable import Imaging

@Suite struct PreviewFileTests {
  /// A file in the folder of temporary ones, gone with this value.
  private final class Scratch {
    let path = TestObject.temporaryPath()
    deinit { unlink(path) }
  }

  private static func scratch(_ bytes: [UInt8]) throws -> Scratch {
    let scratch = Scratch()
    try Data(bytes).write(to: URL(fileURLWithPath: scratch.path))
    return scratch
  }

  private static func slice(_ path: String, _ range: Range<Int>) throws -> [UInt8] { try Ladder.bytes(range, of: path) }

  /// Every layer of every frame of a prepared file, sent as header and prefix, against the decoder that reads the file itself.
  private static func compareLadder(received: String, frames: [Int]? = nil, _ name: String) throws -> Bool {
    let output = Scratch()
    guard case .proven(let prepared) = try LadderFile.prepare(path: received, output: output.path) else { return false }
    let table = prepared.layers
    let header = try slice(output.path, 0..<table.frames[0].offset)
    let head = try PreviewFile.head(of: ObjectBytes(header))
    for frame in frames ?? Array(table.frames.indices) {
      for layers in 1...table.frames[frame].layerEnds.count {
        let preview = Scratch()
        let isPrefix = layers < table.frames[frame].layerEnds.count
        try PreviewFile.compose(
          head: head, frame: frame, bytes: try slice(output.path, table.frames[frame].range(layers: layers)),
          isPrefix: isPrefix, output: preview.path)
        let wanted = try Ladder.decodePrefix(path: output.path, table: table, frame: frame, layers: layers)
        let object = try ImageObject(path: preview.path)
        #expect(object.frameCount == table.frames.count)
        #expect(try object.decodedFrame(frame).bytes == wanted.bytes, "\(name), frame \(frame), \(layers) layers")
        let attributes = ImageAttributes(
          try ImageObject(path: output.path).object.dataSet, frame: frame, format: wanted.format)
        let picture = try ObjectRenderer().picture(RenderRequest(path: preview.path, frame: frame))
        #expect(
          try Renderer.picture(of: wanted, attributes).pixels == picture.pixels,
          "\(name), frame \(frame), \(layers) layers")
      }
    }
    return true
  }

  @Test(arguments: [
    (PhantomKind.ct, 128, 2), (.mr, 128, 1), (.dx, 200, 1), (.us, 120, 3), (.palette, 96, 1), (.smear, 96, 1),
  ])
  func `a preview of every layer shows what the prefix decodes to`(kind: PhantomKind, side: Int, count: Int) throws {
    let study = try PhantomStudy(kind: kind, size: PhantomSize(columns: side, rows: side), count: count, seed: 4)
    let file = try Self.scratch(study.file(0).bytes)
    #expect(try Self.compareLadder(received: file.path, kind.rawValue))
  }

  @Test(
    .enabled(if: TestData.root != nil, "no test data: set REKKAS_TEST_DATA"),
    arguments: ["CT", "MR", "DX", "US", "NM", "VL"])
  func `previews of real images show what their prefixes decode to`(modality: String) throws {
    var compared = 0
    for name in TestData.files({ $0.hasPrefix("modalities/\(modality)/") }) {
      let size = try FileManager.default.attributesOfItem(atPath: TestData.path(name))[.size] as? Int ?? 0
      if size < 4 << 20, try Self.compareLadder(received: TestData.path(name), frames: [0], name) { compared += 1 }
      if compared == 3 { break }
    }
    #expect(compared > 0)
  }

  @Test func `frames keep their number, and with it their functional groups and overlays`() throws {
    var object = TestObject.grey((0..<32).map { $0 * 7 }, columns: 4, allocated: 8, frames: 4)
    for frame in 0..<4 {
      object.writer.sequence(.perFrameFunctionalGroupsSequence) { groups in
        groups.sequence(.frameVOILUTSequence) { item in
          item.string(.windowCenter, .ds, String(30 + frame * 40))
          item.string(.windowWidth, .ds, "60")
        }
      }
    }
    try object.withFile { path in
      let whole = try ImageObject(path: path)
      let location = try #require(whole.object.pixelData)
      let head = try PreviewFile.head(
        of: ObjectBytes(try Self.slice(path, 0..<location.fragments(of: 0)[0].lowerBound)))
      for frame in 0..<4 {
        let preview = Scratch()
        try PreviewFile.compose(
          head: head, frame: frame, bytes: try Self.slice(path, location.fragments(of: frame)[0]), isPrefix: false,
          output: preview.path)
        let shown = try ObjectRenderer().picture(RenderRequest(path: preview.path, frame: frame))
        #expect(shown.pixels == (try ObjectRenderer().picture(RenderRequest(path: path, frame: frame)).pixels))
      }
      #expect(ImageAttributes(whole.object.dataSet, frame: 2, format: whole.format).window?.center == 110)
    }
  }

  @Test(
    .enabled(if: TestData.root != nil, "no test data: set REKKAS_TEST_DATA"),
    arguments: TestData.files { name in
      ["syntaxes/", "modalities/XA/", "modalities/VL/", "modalities/US/"].contains { name.hasPrefix($0) }
    })
  func `frames of foreign objects are those of the whole file, in every transfer syntax`(name: String) throws {
    let path = TestData.path(name)
    guard let whole = try? ImageObject(path: path), let location = whole.object.pixelData,
      !location.isInInflatedDataSet, FrameDecoder.canDecodeAnywhere(whole.object.transferSyntax)
    else { return }
    let header = try Self.slice(path, 0..<location.fragments(of: 0)[0].lowerBound)
    let head = try PreviewFile.head(of: ObjectBytes(header))
    for frame in Set([0, whole.frameCount / 2, whole.frameCount - 1]) {
      let fragments = location.fragments(of: frame)
      let span = try Self.slice(path, fragments[0].lowerBound..<fragments[fragments.count - 1].upperBound)
      // Of an odd number of bytes that lie swapped in pairs, the last one's partner is no byte of the frame.
      if !whole.object.transferSyntax.isLittleEndian, span.count % 2 == 1 { continue }
      let preview = Scratch()
      try PreviewFile.compose(head: head, frame: frame, bytes: span, isPrefix: false, output: preview.path)
      let made = try ImageObject(path: preview.path)
      #expect(made.format == whole.format && made.frameCount == whole.frameCount)
      #expect(try made.decodedFrame(frame).bytes == (try whole.decodedFrame(frame).bytes), "frame \(frame)")
    }
  }

  @Test func `a frame in several fragments stays in them`() throws {
    // Three fragments, of which the last is empty; and a codestream that only looks like it.
    let item: [UInt8] = [0xFE, 0xFF, 0x00, 0xE0]
    let span = [1, 2, 3, 4] + item + [2, 0, 0, 0, 5, 6] + item + [0, 0, 0, 0]
    #expect(FragmentSpan.firstLength(span) == 4)
    #expect(FragmentSpan.firstLength([1, 2] + item + [9, 0, 0, 0, 5, 6]) == nil)
    #expect(FragmentSpan.firstLength(item + [0, 0, 0, 0]) == nil)
    #expect(FragmentSpan.firstLength([UInt8](repeating: 0xFE, count: 4096)) == nil)
  }

  @Test func `a preview is decoded no larger than its picture`() throws {
    let object = TestObject.grey((0..<512 * 512).map { ($0 / 512) * 60 + $0 % 512 }, columns: 512)
    try object.withFile { path in
      let output = Scratch()
      guard case .proven(let prepared) = try LadderFile.prepare(path: path, output: output.path) else {
        Issue.record("not prepared")
        return
      }
      let image = try ImageObject(path: output.path)
      let (frame, levels) = try image.reducedFrame(0, reduce: 2, limit: .max)
      #expect(levels == 2 && frame.format.columns == 128)
      var request = RenderRequest(path: output.path, viewport: Viewport(width: 128, height: 128))
      request.decodesReduced = true
      let small = try ObjectRenderer().picture(request)
      let received = try ObjectRenderer().picture(
        RenderRequest(path: path, viewport: Viewport(width: 128, height: 128)))
      #expect(zip(small.pixels, received.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
      #expect(prepared.layers.frames.count == 1)
    }
  }

  // MARK: Damage

  private static func prepared(_ body: (_ file: [UInt8], LayerTable) throws -> Void) throws {
    let object = TestObject.grey((0..<4800).map { ($0 &* 37) % 4096 }, columns: 40, stored: 12, frames: 2)
    try object.withFile { path in
      let output = Scratch()
      guard case .proven(let prepared) = try LadderFile.prepare(path: path, output: output.path) else {
        Issue.record("not prepared")
        return
      }
      try body([UInt8](try Data(contentsOf: URL(fileURLWithPath: output.path))), prepared.layers)
    }
  }

  @Test func `a header part that is cut off is refused, or says that it has no pixel data`() throws {
    try Self.prepared { file, table in
      let header = Array(file[..<table.frames[0].offset])
      var refused = 0
      for length in 0..<header.count {
        let output = Scratch()
        do {
          let head = try PreviewFile.head(of: ObjectBytes(Array(header[..<length])))
          try PreviewFile.compose(head: head, frame: 0, bytes: [1, 2], isPrefix: false, output: output.path)
          // Only what lies behind the element's own header may be missing.
          #expect(length >= header.count - 16 - 8)
        } catch is ParseFailure {
          refused += 1
        } catch {
          #expect(error as? PreviewFailure == .noPixelData)
          #expect(access(output.path, F_OK) != 0)
        }
      }
      #expect(refused > header.count / 2)
    }
  }

  @Test func `damage costs an error or a picture, and leaves no file behind a failure`() throws {
    try Self.prepared { file, table in
      let header = Array(file[..<table.frames[0].offset])
      let layer = Array(file[table.frames[1].range(layers: 1)])
      var dice = Dice(5)
      var failed = 0
      for _ in 0..<2000 {
        let output = Scratch()
        do {
          let head = try PreviewFile.head(of: ObjectBytes(Damage.apply(to: header, &dice)))
          try PreviewFile.compose(head: head, frame: 1, bytes: layer, isPrefix: true, output: output.path)
          _ = try ObjectRenderer().picture(
            RenderRequest(path: output.path, frame: 1, viewport: Viewport(width: 16, height: 16)))
        } catch is RenderFailure {
          // Composed, and refused by the one that draws.
        } catch {
          failed += 1
          #expect(access(output.path, F_OK) != 0)
        }
      }
      #expect(failed > 200)
    }
  }

  @Test func `what does not belong together is told`() throws {
    try Self.prepared { file, table in
      let head = try PreviewFile.head(of: ObjectBytes(Array(file[..<table.frames[0].offset])))
      let output = Scratch()
      #expect(throws: PreviewFailure.frameOutOfRange(count: 2)) {
        try PreviewFile.compose(head: head, frame: 2, bytes: [1], isPrefix: false, output: output.path)
      }
      #expect(throws: PreviewFailure.irregular("a frame of 0 bytes")) {
        try PreviewFile.compose(head: head, frame: 0, bytes: [], isPrefix: false, output: output.path)
      }
    }
    var many = TestObject.grey([1, 2, 3, 4], columns: 2, allocated: 8)
    many.writer.string(.numberOfFrames, .is, "2000000000")
    many.writer.encapsulatedPixelData(frames: [[1, 2]])
    many.transferSyntax = .jpegBaseline
    let head = try PreviewFile.head(of: ObjectBytes(many.writer.file(transferSyntax: .jpegBaseline)))
    let output = Scratch()
    #expect(throws: PreviewFailure.irregular("more than 1048576 frames")) {
      try PreviewFile.compose(head: head, frame: 0, bytes: [1, 2], isPrefix: false, output: output.path)
    }
    #expect(throws: PreviewFailure.irregular("a prefix of no JPEG 2000")) {
      var single = many
      single.writer.remove(.numberOfFrames)
      let head = try PreviewFile.head(of: ObjectBytes(single.writer.file(transferSyntax: .jpegBaseline)))
      try PreviewFile.compose(head: head, frame: 0, bytes: [1, 2], isPrefix: true, output: output.path)
    }
    #expect(access(output.path, F_OK) != 0)
  }

  @Test func `the header part of an object without pixel data is the object`() throws {
    var writer = DataSetWriter()
    writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.88.11")
    writer.string(.patientID, .lo, "X-1")
    let head = try PreviewFile.head(of: ObjectBytes(writer.file(transferSyntax: .explicitVRLittleEndian)))
    #expect(head.object.dataSet.string(.patientID) == "X-1" && head.pixelData == nil)
  }
}
