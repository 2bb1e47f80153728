import Foundation
import Testing

/// What people see when something is wrong.
@Suite("Messages in Chromium")
struct MessagesTests {
  struct Report: Decodable {
    let steps, problems, foreign, overflows: [String]
  }

  @Test func refusedCasesAndImagesSilentSitesAndWrongClocksAreSaidWithTheWayOutInThreeLanguages() throws {
    guard Executable.find("chromium") != nil else {
      Issue.record("chromium is not installed: Scripts/test installs it")
      return
    }
    let image = try #require(TestData.files(under: TestData.synthetic).first { $0.contains("ct") })
    let shots = ProcessInfo.processInfo.environment["REKKAS_TEST_SCREENSHOTS"]
    let result = try Executable.client(
      "messages_page.py",
      ["--rekkas", Executable.rekkas.path, "--image", image] + (shots.map { ["--shots", $0] } ?? []),
      seconds: 300)
    let report = try #require(
      try? JSONDecoder().decode(Report.self, from: Data(result.output.utf8)), "\(result.output) \(result.errors)")
    #expect(
      report.steps == [
        "refused on the link", "listed by the command", "refused case on the home view", "tried again by hand",
        "clock, field, counts and ages in three languages", "sites", "silent site", "arrivals", "discarded",
        "settled by itself", "remembered",
      ])
    #expect(report.problems.isEmpty, "\(report.problems)")
    #expect(report.foreign.isEmpty, "the pages ask other hosts: \(report.foreign)")
    #expect(report.overflows.isEmpty, "a page is wider than the screen: \(report.overflows)")
  }
}
