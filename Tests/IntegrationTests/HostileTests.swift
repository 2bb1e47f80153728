import Foundation
import Testing

/// Bad clients cost the good ones nothing.
@Suite("Slow and hostile clients", .serialized)
struct HostileTests {
  struct Report: Decodable {
    let held, refused, echo, store, found, truncated, mismatch, after: Int
    let echoSeconds, storeSeconds, searchSeconds, residentMB: Double
    let garbage: [Int]
    let giantPDU: Int
  }

  @Test func aGoodClientIsServedWhileHundredsOfBadOnesHoldTheDoors() throws {
    let hub = try HubProcess(arguments: ["--set", "dicom.max-associations=1000"])
    let image = try #require(TestData.files(under: TestData.synthetic).first { $0.contains("ct") })
    let result = try Executable.client(
      "hostile.py", ["\(hub.httpPort)", "\(hub.dicomPort)", "\(hub.identifier)", image])
    print(result.output)
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(report.held == 650 && report.refused == 0)
    #expect(report.echo == 0 && report.store == 0 && report.found == 1)
    // A bound that only a stuck server misses: seconds are measured in Benchmarks, not here.
    #expect(max(report.echoSeconds, report.storeSeconds, report.searchSeconds) < 10)
    #expect(report.garbage.allSatisfy { $0 != -1 && $0 != 2 }, "garbage is refused, not waited for: \(report.garbage)")
    #expect(report.giantPDU == 0 || report.giantPDU == 7)
    #expect(report.truncated != 0 && report.mismatch == 0xA900)
    #expect(report.after == 0)
    #expect(try hub.stop() == 0)
  }

  @Test func sigtermEndsTheHubWhileAnImageIsHalfSent() throws {
    let hub = try HubProcess()
    let sender = Process()
    sender.executableURL = Executable.python
    sender.arguments = [
      "-c",
      """
      import sys, time; sys.path.insert(0, sys.argv[1])
      from upper_layer import *; from part10 import data_set_bytes
      a = Association(int(sys.argv[2]), [(CT, EXPLICIT)]); a.store_request(CT, "2.25.1"); a.pdata(1, 0, b"x" * 1000)
      print("half", flush=True); time.sleep(60)
      """, Executable.package.path + "/Tests/IntegrationTests/Clients", "\(hub.dicomPort)",
    ]
    let output = Pipe()
    sender.standardOutput = output
    try sender.run()
    _ = output.fileHandleForReading.availableData
    #expect(try hub.stop(seconds: 25) == 0)
    sender.terminate()
    let again = try Executable.run(Executable.rekkas, ["verify", "--data", hub.data.path])
    #expect(again.status == 0, "\(again.output)\(again.errors)")
  }
}
