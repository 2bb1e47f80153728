import DICOM
import Foundation
import Testing

@testable import Imaging

@Suite struct PicturesTests {
  /// No worker is ever started for what we prepared ourselves.
  private let pool = RenderPool(executable: "/nonexistent", workers: 1)

  private func withPrepared(
    _ object: TestObject, _ body: (_ received: String, PictureSource) async throws -> Void
  ) async throws {
    let path = TestObject.temporaryPath()
    try Data(object.writer.file(transferSyntax: object.transferSyntax)).write(to: URL(fileURLWithPath: path))
    let output = path + ".prepared"
    defer {
      unlink(path)
      unlink(output)
    }
    guard case .proven(let prepared) = try LadderFile.prepare(path: path, output: output) else {
      Issue.record("not prepared")
      return
    }
    try await body(path, PictureSource(path: output, digest: path, layers: prepared.layers))
  }

  static func noise(_ side: Int) -> TestObject {
    var dice = Dice(3)
    return .grey((0..<side * side).map { _ in Int(dice.next() >> 52) }, columns: side, stored: 12)
  }

  private static func profile(hides: Bool, side: Int) throws -> CompressionProfile {
    func entry(_ key: String, _ value: ProfileNode) -> ProfileNode.Entry { .init(key: key, line: 1, value: value) }
    let action: [ProfileNode.Entry] = [
      entry("codec", .scalar("ladder", line: 1)), entry("thumbnail", .scalar(String(side), line: 1)),
      entry("hide-burned-in-text", .scalar(hides ? "yes" : "no", line: 1)),
    ]
    let rule: [ProfileNode.Entry] = [
      entry("name", .scalar("all", line: 1)), entry("because", .scalar("so", line: 1)),
      entry("then", .map(action, line: 1)),
    ]
    return try ProfileReader.read(
      .map(
        [entry("profile", .scalar("p", line: 1)), entry("rules", .list([.map(rule, line: 1)], line: 1))], line: 1))
  }

  @Test func `a thumbnail that was made with the image is the one that would be drawn, under its own profile only`()
    async throws
  {
    let profile = try Self.profile(hides: true, side: 96)
    let other = try Self.profile(hides: false, side: 96)
    let pictures = Pictures(pool: pool, profile: profile)
    var burned = TestObject.grey((0..<40_000).map { $0 % 4000 }, columns: 200)
    burned.writer.string(.burnedInAnnotation, .cs, "YES")
    for (object, isHidden) in [(Self.noise(200), false), (burned, true)] {
      try await withPrepared(object) { _, source in
        let kept = try KeptThumbnail.make(path: source.path, layers: try #require(source.layers), profile: profile)
        let request = ThumbnailRequest(frame: 0)
        let drawn = try await pictures.thumbnail(request, of: source)
        let answer = try #require(kept.answer(to: request, profileFingerprint: pictures.profileFingerprint))
        #expect(answer.image.bytes == drawn.image.bytes && answer.image.mediaType == drawn.image.mediaType)
        #expect(answer.isHidden == isHidden && answer.image.width == drawn.image.width && kept.side == 96)
        for (wanted, fits) in [
          (ThumbnailRequest(frame: 0, box: (96, 96)), true), (ThumbnailRequest(frame: 0, box: (96, 97)), false),
          (ThumbnailRequest(frame: 1), false), (ThumbnailRequest(frame: 0, isPNG: true), false),
        ] {
          #expect((kept.answer(to: wanted, profileFingerprint: pictures.profileFingerprint) != nil) == fits)
          // Nothing that it answers is kept from it.
          #expect(KeptThumbnail.mayAnswer(wanted, frameCount: 1) == fits)
        }
        let others = Pictures(pool: pool, profile: other).profileFingerprint
        #expect(kept.answer(to: request, profileFingerprint: others) == nil)
      }
    }
    await pictures.shutdown()
  }

  @Test(arguments: [false, true])
  func `no thumbnail is larger than 12 KB, whatever is asked for`(isPNG: Bool) async throws {
    let pictures = Pictures(pool: pool)
    try await withPrepared(Self.noise(1024)) { _, source in
      for box in [nil, (300, 300), (5000, 5000)] as [(Int, Int)?] {
        let thumbnail = try await pictures.thumbnail(
          ThumbnailRequest(frame: 0, box: box.map { (width: $0.0, height: $0.1) }, isPNG: isPNG), of: source)
        #expect(thumbnail.image.bytes.count <= Thumbnail.byteLimit)
        #expect(thumbnail.image.mediaType == (isPNG ? "image/png" : "image/jpeg"))
        #expect(thumbnail.image.width == thumbnail.image.height && thumbnail.image.width > 50)
        #expect(!thumbnail.isHidden)
      }
    }
    await pictures.shutdown()
  }

  @Test func `a full-size picture is the same from the received file and, when that is gone, from the prepared one`()
    async throws
  {
    let pictures = Pictures(pool: pool)
    try await withPrepared(Self.noise(200)) { path, source in
      var both = source
      both.received = path
      var gone = both
      gone.received = path + ".gone"
      var drawn: [(RenderRequest, [UInt8])] = []
      for (viewport, format) in [
        (nil, .png), (nil, .jpeg(quality: 90)), (nil, .png16), (Viewport(width: 400, height: 400), .png),
      ] as [(Viewport?, PictureFormat)] {
        for window in [nil, Window(center: 1000, width: 700)] {
          let request = RenderRequest(path: "", viewport: viewport, window: window, format: format)
          let received = try await pictures.render(request, of: both)
          #expect(try await pictures.render(request, of: source).bytes == received.bytes)
          #expect(try await pictures.render(request, of: gone).bytes == received.bytes)
          drawn.append((request, received.bytes))
        }
      }
      // Nothing of the prepared file's pixels is read when the received one is there.
      let table = try #require(source.layers)
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: source.path))
      try file.seek(toOffset: UInt64(table.frames[0].offset))
      try file.write(contentsOf: [UInt8](repeating: 0, count: 40))
      for (request, bytes) in drawn { #expect(try await pictures.render(request, of: both).bytes == bytes) }
      await #expect(throws: RenderFailure.self) { try await pictures.render(drawn[0].0, of: gone) }
    }
    await pictures.shutdown()
  }

  @Test func `a smaller picture is an average of the received file, until that costs more than a prefix`() async throws
  {
    let pictures = Pictures(pool: pool)
    try await withPrepared(Self.noise(512)) { path, source in
      var both = source
      both.received = path
      func view(_ side: Int) -> RenderRequest {
        RenderRequest(path: "", viewport: Viewport(width: side, height: side), format: .png)
      }
      func small(_ side: Int) -> ThumbnailRequest { ThumbnailRequest(frame: 0, box: (side, side), isPNG: true) }
      for (side, isReceived) in [(256, true), (64, true), (63, true), (32, false)] {
        var request = view(side)
        request.path = path
        let averaged = try ObjectRenderer().render(request).bytes
        #expect((try await pictures.render(view(side), of: both).bytes == averaged) == isReceived, "\(side)")
        #expect(try await pictures.render(view(side), of: source).bytes != averaged)
      }
      for (side, isReceived) in [(100, true), (57, false)] {
        let prefix = try await pictures.thumbnail(small(side), of: source).image.bytes
        #expect((try await pictures.thumbnail(small(side), of: both).image.bytes != prefix) == isReceived, "\(side)")
      }
      var gone = both
      gone.received = path + ".gone"
      #expect(try await pictures.render(view(256), of: gone).bytes == pictures.render(view(256), of: source).bytes)
      let (without, with) = (
        try await pictures.thumbnail(small(100), of: gone).image.bytes,
        try await pictures.thumbnail(small(100), of: source).image.bytes
      )
      #expect(without == with)
    }
    await pictures.shutdown()
  }

  @Test(.enabled(if: RenderPoolTests.executable != nil, "the rekkas executable is not beside the tests"))
  func `what another has prepared is drawn from the same prefix, but in a worker`() async throws {
    let pool = RenderPool(executable: try #require(RenderPoolTests.executable), workers: 1)
    let pictures = Pictures(pool: pool)
    let unable = Pictures(pool: self.pool)
    try await withPrepared(.grey((0..<512 * 512).map { $0 / 512 * 3 + $0 % 37 }, columns: 512)) { _, source in
      var foreign = source
      foreign.decodedIn = .worker
      let table = try #require(source.layers)
      let view = RenderRequest(path: "", viewport: Viewport(width: 200, height: 200), format: .png)
      let whole = RenderRequest(path: "", format: .png)
      let own = (
        try await pictures.thumbnail(ThumbnailRequest(frame: 0), of: source).image.bytes,
        try await pictures.render(view, of: source).bytes, try await pictures.render(whole, of: source).bytes
      )
      await #expect(throws: RenderFailure.self) { try await unable.thumbnail(ThumbnailRequest(frame: 0), of: foreign) }
      await #expect(throws: RenderFailure.self) { try await unable.decodeFrame(0, of: foreign) }
      #expect(try await pictures.render(view, of: foreign).bytes == own.1)
      #expect(try await pictures.render(whole, of: foreign).bytes == own.2)

      // Where the layers are not what was said, the file is still an image.
      var wrong = foreign
      wrong.digest += "?"
      wrong.layers = LayerTable(format: table.format, frames: [.init(offset: 700, layerEnds: [50, 90, 400])])
      #expect(try await pictures.thumbnail(ThumbnailRequest(frame: 0), of: wrong).image.width == 128)

      // Behind the first layer nothing is read for a thumbnail.
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: source.path))
      try file.seek(toOffset: UInt64(table.frames[0].range(layers: 1).upperBound))
      try file.write(contentsOf: [UInt8](repeating: 0xAA, count: 1000))
      #expect(try await pictures.thumbnail(ThumbnailRequest(frame: 0), of: foreign).image.bytes == own.0)
    }
    await unable.shutdown()
    await pictures.shutdown()
    await pool.shutdown()
  }

  @Test func `exact frames and whole files come from the received file while it is there, and are the same without it`()
    async throws
  {
    let pictures = Pictures(pool: pool)
    for object in [
      TestObject.grey((0..<800).map { $0 * 5 }, columns: 20, signed: true, frames: 4),
      .colour((0..<300).map { UInt8($0 % 251) }, columns: 100, photometric: "RGB", planar: 1),
    ] {
      try await withPrepared(object) { path, source in
        var both = source
        both.received = path
        var gone = source
        gone.received = path + ".gone"
        let native = path + ".native"
        var files: [Data] = []
        var frames: [[UInt8]] = []
        for source in [source, gone, both] {
          try await pictures.transcode(source, to: .explicitVRLittleEndian, output: native)
          files.append(try Data(contentsOf: URL(fileURLWithPath: native)))
          unlink(native)
          frames.append(try await pictures.decodeFrame(0, of: source))
          frames.append(try await pictures.encodeFrame(0, of: source, to: .jpegLSLossless))
        }
        #expect(Set(files).count == 1 && Set(frames).count == 2)
        // Nothing of the prepared file's pixels is read when the received one is there.
        let table = try #require(source.layers)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: source.path))
        try file.seek(toOffset: UInt64(table.frames[0].offset))
        try file.write(contentsOf: [UInt8](repeating: 0, count: 40))
        #expect(try await pictures.decodeFrame(0, of: both) == frames[0])
        await #expect(throws: RenderFailure.self) { try await pictures.decodeFrame(0, of: gone) }
        await #expect(throws: RenderFailure.frameOutOfRange(count: table.frames.count)) {
          try await pictures.decodeFrame(4, of: both)
        }
      }
    }
    await pictures.shutdown()
  }

  @Test func `the profile says how large a thumbnail is, and a small image stays small`() async throws {
    let pictures = Pictures(pool: pool, profile: try Self.profile(hides: true, side: 192))
    for (side, expected) in [(400, 192), (40, 40)] {
      try await withPrepared(.grey((0..<side * side).map { $0 % 4000 }, columns: side)) { _, source in
        let thumbnail = try await pictures.thumbnail(ThumbnailRequest(frame: 0), of: source)
        #expect(thumbnail.image.width == expected)
      }
    }
    await pictures.shutdown()
  }

  @Test func `burned-in text is hidden where the profile says so, by a symbol without anything of the image`()
    async throws
  {
    let hiding = Pictures(pool: pool, profile: try Self.profile(hides: true, side: 128))
    let showing = Pictures(pool: pool, profile: try Self.profile(hides: false, side: 128))
    var symbols: Set<[UInt8]> = []
    for value in [100, 3000] {
      var object = TestObject.grey((0..<40_000).map { ($0 * value) % 4000 }, columns: 200)
      object.writer.string(.burnedInAnnotation, .cs, "YES")
      try await withPrepared(object) { received, source in
        let hidden = try await hiding.thumbnail(ThumbnailRequest(frame: 0), of: source)
        #expect(hidden.isHidden && hidden.image.width == 128)
        symbols.insert(hidden.image.bytes)
        // An object of others needs no worker to be hidden.
        let foreign = try await hiding.thumbnail(
          ThumbnailRequest(frame: 0), of: PictureSource(path: received, digest: "f\(value)"))
        #expect(foreign.isHidden)
        let shown = try await showing.thumbnail(ThumbnailRequest(frame: 0), of: source)
        #expect(!shown.isHidden)
      }
    }
    #expect(symbols.count == 1)
    await hiding.shutdown()
    await showing.shutdown()
  }

  @Test func `frames and whole files come out as they were received`() async throws {
    let pictures = Pictures(pool: pool)
    let object = TestObject.grey((0..<6000).map { $0 % 4096 }, columns: 60, stored: 12, frames: 2)
    try await withPrepared(object) { received, source in
      let image = try ImageObject(path: received)
      for frame in 0..<2 {
        let (decoded, stored) = (try await pictures.decodeFrame(frame, of: source), try image.decode(frame).bytes)
        #expect(decoded == stored)
      }
      await #expect(throws: RenderFailure.frameOutOfRange(count: 2)) {
        try await pictures.decodeFrame(2, of: source)
      }
      let output = received + ".native"
      defer { unlink(output) }
      try await pictures.transcode(source, to: .explicitVRLittleEndian, output: output)
      let native = try ImageObject(path: output)
      #expect(native.object.firstDifference(from: image.object, ignoring: []) == nil)
      var gone = source
      gone.path += ".gone"
      await #expect(throws: RenderFailure.missing) {
        try await pictures.transcode(gone, to: .explicitVRLittleEndian, output: output)
      }
    }
    await pictures.shutdown()
  }

  @Test func `the eye is drawn at every size`() {
    for (width, height) in [(1, 1), (1, 50), (128, 96), (1024, 1024)] {
      let picture = HiddenPicture.draw(width: width, height: height)
      #expect(picture.pixels.count == width * height)
      if width > 50 { #expect(picture.pixels.contains { Double($0) > HiddenPicture.ink - 2 }) }
    }
  }
}
