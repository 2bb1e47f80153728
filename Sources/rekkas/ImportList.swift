import ArgumentParser
import DICOM
import Foundation

/// The files that an import will read: those named, those under named folders, those that a DICOMDIR refers to.
struct ImportList {
  /// One file, and whether the user named it (then it must be DICOM) or a folder held it.
  struct File: Equatable {
    let path: String
    let isNamed: Bool
  }

  private(set) var files: [File] = []
  /// Paths that a DICOMDIR refers to and that are not there.
  private(set) var missing: [String] = []
  private var seen: Set<String> = []

  init(paths: [String]) throws {
    for path in paths {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw ValidationError("\(path) does not exist.")
      }
      if isFolder.boolValue {
        try addFolder(path)
      } else if (path as NSString).lastPathComponent.uppercased() == "DICOMDIR" {
        try addDirectory(at: path)
      } else {
        add(path, isNamed: true)
      }
    }
  }

  /// Whether a file's first bytes could begin a DICOM file: with the preamble, or without it as older devices write.
  static func looksLikeDICOM(_ start: Data) -> Bool {
    if start.count >= 132, start.dropFirst(128).prefix(4).elementsEqual("DICM".utf8) { return true }
    // No preamble: group 0002 or 0008 in little endian (a group 0008 element is the first of every data set).
    guard start.count >= 8 else { return false }
    let first = [UInt8](start.prefix(8))
    return (first[0] == 0x02 || first[0] == 0x08) && first[1] == 0 && first[3] == 0
  }

  private mutating func add(_ path: String, isNamed: Bool) {
    if seen.insert(URL(fileURLWithPath: path).standardizedFileURL.path).inserted {
      files.append(File(path: path, isNamed: isNamed))
    }
  }

  private mutating func addFolder(_ folder: String) throws {
    guard let names = FileManager.default.enumerator(atPath: folder) else {
      throw ValidationError("\(folder) cannot be read.")
    }
    var found: [String] = []
    for case let name as String in names {
      let isFile = names.fileAttributes?[.type] as? FileAttributeType == .typeRegular
      // A DICOMDIR only lists what lies beside it, and that is found anyway.
      if isFile, (name as NSString).lastPathComponent.uppercased() != "DICOMDIR" { found.append(name) }
    }
    for name in found.sorted() { add((folder as NSString).appendingPathComponent(name), isNamed: false) }
  }

  /// Adds what a DICOMDIR refers to: Referenced File ID (0004,1500) of each record (PS3.3 F.3).
  private mutating func addDirectory(at path: String) throws {
    let parsed: ParsedObject
    do {
      parsed = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    } catch {
      let why = (error as? ParseFailure)?.reason ?? "\(error)"
      throw ValidationError("\(path) is not a DICOMDIR that can be read: \(why). Import its folder instead.")
    }
    let folder = (path as NSString).deletingLastPathComponent
    for record in parsed.dataSet.items(.directoryRecordSequence) {
      let components = record.strings(.referencedFileID)
      guard !components.isEmpty else { continue }
      // A path out of the folder is no File ID.
      guard !components.contains(where: { $0 == ".." || $0.contains("/") || $0.isEmpty }) else { continue }
      if let file = Self.resolve(components, under: folder) {
        add(file, isNamed: true)
      } else {
        missing.append(([folder] + components).joined(separator: "/"))
      }
    }
  }

  /// The file of a File ID; media written elsewhere come in lower case, too.
  private static func resolve(_ components: [String], under folder: String) -> String? {
    var path = folder.isEmpty ? "." : folder
    for component in components {
      let exact = (path as NSString).appendingPathComponent(component)
      if FileManager.default.fileExists(atPath: exact) {
        path = exact
        continue
      }
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      guard let name = names.first(where: { $0.uppercased() == component.uppercased() }) else { return nil }
      path = (path as NSString).appendingPathComponent(name)
    }
    return path
  }
}
