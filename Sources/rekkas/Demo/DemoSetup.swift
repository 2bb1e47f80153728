import Foundation
import Imaging
import Relay

/// What the demonstration needs before it begins, and the images that it pushes.
enum DemoSetup {
  static let site = "MIDELT"

  /// A key that both ends know, made once, and the rule by which the site makes a case of what the device sends.
  static func writeKeys(in folder: String) throws {
    if !FileManager.default.fileExists(atPath: folder + "/site.key") {
      try SiteKey.generate(site: site).write(to: folder + "/site.key")
    }
    try Data(
      """
      sites:
        - name: \(site)
          title: Centre de santé de Midelt
          key-file: site.key

      """.utf8
    ).write(to: URL(fileURLWithPath: folder + "/sites.yaml"))
    try Data(
      """
      rules:
        - calling-ae-title: STORESCU
          urgency: urgent
          specialty: radiology
          makes-case: yes
          consent: yes

      """.utf8
    ).write(to: URL(fileURLWithPath: folder + "/case-rules.yaml"))
  }

  /// Draws a CT study and sends it to the site with DCMTK's `storescu`, as a modality does.
  static func push(slices: Int, more: [String], to port: Int, folder: String) throws {
    var paths = more
    if slices > 0 {
      let study = try PhantomStudy(kind: .ct, size: nil, count: slices, seed: 1)
      let target = folder + "/ct-\(slices)"
      try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
      let progress = ProgressLine(quiet: false)
      for index in 0..<study.fileCount {
        let file = study.file(index)
        let path = target + "/" + file.name
        if !FileManager.default.fileExists(atPath: path) {
          try Data(file.bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        }
        progress.update("drawing slice \(index + 1) of \(study.fileCount)")
      }
      progress.finish()
      paths.append(target)
    }
    guard !paths.isEmpty else { return }
    let storescu = Process()
    storescu.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    storescu.arguments =
      ["storescu", "-aec", "REKKAS", "+sd", "+r", "--scan-pattern", "*.dcm", "127.0.0.1", "\(port)"] + paths
    storescu.standardInput = FileHandle.nullDevice
    try storescu.run()
    storescu.waitUntilExit()
    switch storescu.terminationStatus {
    case 0: break
    case 127:
      throw ConfigurationError(
        description: "storescu is not installed: apt-get install dcmtk, or push with --slices 0 from another tool")
    default:
      throw ConfigurationError(
        description: "storescu could not push every image (exit status \(storescu.terminationStatus))")
    }
  }
}
