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

  /// Files that bring different bytes under one SOP Instance UID cannot live in one archive: one round for each.
  static func roundsWithoutSharedUIDs(_ files: [(path: String, uid: String)]) -> [[String]] {
    var rounds: [[String]] = []
    var uses: [String: Int] = [:]
    for file in files {
      // Objects without a UID get stand-ins from their digest, so they never collide.
      let n = file.uid.isEmpty ? 0 : uses[file.uid, default: 0]
      uses[file.uid] = n + 1
      if rounds.count <= n { rounds.append([]) }
      rounds[n].append(file.path)
    }
    return rounds
  }

  /// What `MANIFEST.csv` says of the real images.
  static func manifest() throws -> [(path: String, uid: String, syntax: String)] {
    guard let folder = real else { return [] }
    let rows = try Executable.client("manifest.py", [folder.path])
    return rows.output.split(separator: "\n").map {
      let cells = $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return (folder.appendingPathComponent(cells[0]).path, cells[1], cells[2])
    }
  }
}
