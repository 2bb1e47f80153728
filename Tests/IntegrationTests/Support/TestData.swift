import Foundation

/// Images that tests read: the committed synthetic ones, and the real ones where their folder is present.
enum TestData {
  /// The committed synthetic images.
  static let synthetic = Executable.package.appendingPathComponent("TestImages")

  /// The folder of real images: `REKKAS_TEST_DATA`, else `../shared/data` beside the package; nil when absent.
  static let real: URL? = {
    let url =
      ProcessInfo.processInfo.environment["REKKAS_TEST_DATA"].map { URL(fileURLWithPath: $0) }
      ?? Executable.package.deletingLastPathComponent().appendingPathComponent("shared/data")
    let isThere = FileManager.default.fileExists(atPath: url.appendingPathComponent("MANIFEST.csv").path)
    if !isThere {
      FileHandle.standardError.write(
        Data("SKIPPED: tests on real images; \(url.path) is absent (name the folder in REKKAS_TEST_DATA)\n".utf8))
    }
    return isThere ? url : nil
  }()

  /// All `.dcm` files under a folder, in one order.
  static func files(under folder: URL) -> [String] {
    let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".dcm") }.sorted().map { folder.appendingPathComponent($0).path }
  }
}
