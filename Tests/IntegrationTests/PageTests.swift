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
}
