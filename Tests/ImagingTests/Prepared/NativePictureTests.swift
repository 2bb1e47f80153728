import DICOM
import Foundation
import Testing

@testable import Imaging

/// Uncompressed frames of objects that are not prepared.
@Suite struct NativePictureTests {
  /// No worker can be started.
  private let pool = RenderPool(executable: "/nonexistent", workers: 1)

  @Test func `uncompressed frames that wait for their preparation are drawn without a worker`() async throws {
    let pictures = Pictures(pool: pool)
    var big = PicturesTests.noise(64)
    big.transferSyntax = .explicitVRBigEndian
    for object in [
      PicturesTests.noise(300), PicturesTests.noise(1100), big,
      .colour((0..<300).map { UInt8($0 % 251) }, columns: 100, photometric: "YBR_FULL", planar: 1),
    ] {
      try await object.withStoredFile { path in
        let format = try ImageObject(path: path).format
        let source = PictureSource(
          path: path, digest: path, nativeSize: FrameSize(columns: format.columns, rows: format.rows))
        for viewport in [nil, Viewport(width: 40, height: 40), Viewport(width: 400, height: 400)] {
          for form in [.jpeg(quality: 90), .png, .png16] as [PictureFormat] {
            let request = RenderRequest(path: path, viewport: viewport, format: form)
            let wanted = try ObjectRenderer().render(request)
            #expect(try await pictures.render(request, of: source).bytes == wanted.bytes)
          }
        }
        let thumbnail = try await pictures.thumbnail(ThumbnailRequest(frame: 0), of: source)
        #expect(thumbnail.image.width == min(128, format.columns) && !thumbnail.isHidden)
        await #expect(throws: RenderFailure.frameOutOfRange(count: 1)) {
          try await pictures.render(RenderRequest(path: path, frame: 1), of: source)
        }
      }
    }
    await pictures.shutdown()
  }

  @Test func `what needs more than looking words up is a worker's, whatever is said of it`() async throws {
    let pictures = Pictures(pool: pool)
    var subsampled = TestObject.colour(
      (0..<200).map { UInt8($0) }, columns: 100, photometric: "YBR_FULL_422")
    subsampled.writer.uint16(.planarConfiguration, [0])
    for object in [subsampled, .grey([1, 2, 3, 4], columns: 2, allocated: 32)] {
      try await object.withStoredFile { path in
        let source = PictureSource(path: path, digest: path, nativeSize: FrameSize(columns: 100, rows: 1))
        await #expect(throws: RenderFailure.self) { try await pictures.render(RenderRequest(path: path), of: source) }
        await #expect(throws: RenderFailure.self) {
          try await pictures.thumbnail(ThumbnailRequest(frame: 0), of: source)
        }
        _ = try ObjectRenderer().render(RenderRequest(path: path))
      }
    }
    await pictures.shutdown()
  }
}
