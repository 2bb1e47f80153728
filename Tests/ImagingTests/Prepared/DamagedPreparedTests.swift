import DICOM
import Foundation
import Testing

@testable import Imaging

/// A prepared file that was proven, and then damaged on the disk: its frames are decoded in this process, where nobody watches.
@Suite struct DamagedPreparedTests {
  private func withPrepared(_ object: TestObject, _ body: (PictureSource, LayerTable, [UInt8]) throws -> Void) throws {
    try object.withFile { path in
      let output = path + ".prepared"
      defer { unlink(output) }
      guard case .proven(let prepared) = try LadderFile.prepare(path: path, output: output) else {
        Issue.record("not prepared")
        return
      }
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: output)))
      try body(PictureSource(path: output, digest: path, layers: prepared.layers), prepared.layers, bytes)
    }
  }

  private let object = TestObject.grey((0..<9600).map { ($0 &* 37) % 4096 }, columns: 120, stored: 12)

  @Test func `damage is answered with an error or a wrong picture, and the process lives`() throws {
    try withPrepared(object) { source, table, file in
      let range = table.frames[0].range(layers: .max)
      let codestream = Array(file[range])
      var dice = Dice(99)
      var refused = 0
      for round in 0..<1500 {
        var damaged = Damage.apply(to: codestream, &dice)
        // The frame keeps its place and its length.
        damaged = damaged.prefix(codestream.count) + codestream.suffix(max(0, codestream.count - damaged.count))
        let bytes = file[..<range.lowerBound] + damaged + file[range.upperBound...]
        try Data(bytes).write(to: URL(fileURLWithPath: source.path))
        do {
          let layers = round % 3 == 0 ? 1 : .max
          let frame = try Ladder.decodePrefix(path: source.path, table: table, frame: 0, layers: layers)
          #expect(frame.bytes.count == table.format.frameLength)
        } catch { refused += 1 }
      }
      #expect(refused > 250)
    }
  }

  @Test func `a header that the ladder does not write is not decoded in the process`() throws {
    try withPrepared(object) { source, table, file in
      let start = table.frames[0].offset
      // In SIZ: profile and size, tiles, components, their depth; in COD: number of layers, and of decompositions.
      for (offset, value) in [(11, 7), (15, 1), (31, 9), (40, 200), (43, 2)] {
        var damaged = file
        damaged[start + offset] = UInt8(value)
        try Data(damaged).write(to: URL(fileURLWithPath: source.path))
        #expect(throws: FrameFailure.self, "\(offset)") {
          try Ladder.decodePrefix(path: source.path, table: table, frame: 0, layers: .max)
        }
      }
    }
  }

  @Test func `a file that was cut short is unreadable, not a crash`() throws {
    try withPrepared(object) { source, table, file in
      try Data(file.prefix(table.frames[0].offset + 100)).write(to: URL(fileURLWithPath: source.path))
      #expect(throws: FrameFailure.self) {
        try Ladder.decodePrefix(path: source.path, table: table, frame: 0, layers: .max)
      }
    }
  }
}
