import Foundation
import Testing

/// The page in a real browser.
@Suite("The page in Chromium")
struct PageTests {
  struct Report: Decodable {
    let language, size, dir, lang: String
    let studies, images: Int
    let overflow, overflowStudy, directionRight: Bool
    let problems, foreign: [String]
  }

  @Test func listsAndOpensStudiesInThreeLanguagesOnDeskAndPhone() throws {
    guard Executable.find("chromium") != nil else {
      Issue.record("chromium is not installed: Scripts/test installs it")
      return
    }
    let hub = try HubProcess()
    let storescu = try #require(Executable.find("storescu"))
    let stored = try Executable.run(
      storescu,
      ["-aec", "REKKAS", "127.0.0.1", "\(hub.dicomPort)"] + TestData.files(under: TestData.synthetic))
    #expect(stored.status == 0)
    let shots = ProcessInfo.processInfo.environment["REKKAS_TEST_SCREENSHOTS"]
    let result = try Executable.client("page.py", [hub.base] + (shots.map { [$0] } ?? []), seconds: 240)
    let reports = try JSONDecoder().decode([Report].self, from: Data(result.output.utf8))
    #expect(reports.count == 6, "\(result.errors)")
    for report in reports {
      #expect(report.studies > 3 && report.images > 0, "\(report)")
      #expect(report.lang == report.language && report.directionRight, "\(report)")
      #expect(!report.overflow && !report.overflowStudy, "the page is wider than the screen: \(report)")
      #expect(report.problems.isEmpty, "\(report.problems)")
      #expect(report.foreign.isEmpty, "the page asks other hosts: \(report.foreign)")
    }
  }

  struct LinkReport: Decodable {
    let number: String
    let formSeconds: Double
    let steps, stages, problems, foreign, leaked: [String]
    let overflows: [String]
  }

  /// The staff's phone, a modality and the reader's screen: hub and site as they are, joined on loopback, at the rate of a link.
  @Test func aCaseTravelsFromThePhoneOfTheStaffToTheWorklistOfTheReaderAndItsPicturesGrow() throws {
    guard Executable.find("chromium") != nil else {
      Issue.record("chromium is not installed: Scripts/test installs it")
      return
    }
    let storescu = try #require(Executable.find("storescu"))
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-link-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let key = folder.appendingPathComponent("site.key")
    #expect(try Executable.run(Executable.rekkas, ["key", "MIDELT", "--output", key.path]).status == 0)
    let sites = folder.appendingPathComponent("sites.yaml")
    try Data("sites:\n  - name: MIDELT\n    key-file: site.key\n".utf8).write(to: sites)
    let images = folder.appendingPathComponent("ct")
    let drawn = try Executable.run(
      Executable.rekkas, ["phantom", "--study", "ct", "--slices", "10", "--output", images.path])
    #expect(drawn.status == 0, "\(drawn.errors)")
    let hub = try HubProcess(arguments: ["--set", "link.sites=\(sites.path)"])
    let site = try HubProcess(
      "site",
      arguments: [
        "--name", "MIDELT", "--hub", hub.base, "--key-file", key.path, "--set", "link.rate-cap=400",
      ])
    let shots = ProcessInfo.processInfo.environment["REKKAS_TEST_SCREENSHOTS"]
    let result = try Executable.client(
      "link_page.py",
      [hub.base, site.base, storescu.path, "\(site.dicomPort)", images.path] + (shots.map { [$0] } ?? []), seconds: 240)
    let report = try #require(
      try? JSONDecoder().decode(LinkReport.self, from: Data(result.output.utf8)), "\(result.output) \(result.errors)")
    #expect(
      report.steps == [
        "connected", "case made", "on the worklist", "images unassigned", "joined", "undone", "joined again",
        "progress", "question beside", "original", "sealed", "complete", "closed without consent",
        "opened in emergency",
      ])
    #expect(report.number.hasPrefix("MIDELT-"))
    #expect(report.formSeconds < 60)
    // A preview said that it is one, and nothing but the original was called so.
    #expect(report.stages.contains { $0.contains("Aperçu") }, "\(report.stages)")
    #expect(report.stages.last == "Original")
    #expect(report.problems.isEmpty, "\(report.problems)")
    #expect(report.foreign.isEmpty, "the pages ask other hosts: \(report.foreign)")
    #expect(report.leaked.isEmpty, "a patient's name stands in an address or is kept in the browser: \(report.leaked)")
    #expect(report.overflows.isEmpty, "a page is wider than the screen: \(report.overflows)")
  }
}
