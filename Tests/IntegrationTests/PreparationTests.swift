import Foundation
import Testing

/// The built hub prepares what it receives, says so, and readers see no difference.
@Suite("Preparation in the hub")
struct HubPreparationTests {
  private func waiting(_ hub: HubProcess) throws -> Int? {
    (try WebClient.get(hub.base + "/healthz").json as? [String: Any])?["waitingToBePrepared"] as? Int
  }

  private func store(_ files: [String], in hub: HubProcess) throws {
    let storescu = try #require(Executable.find("storescu"), "dcmtk is not installed: Scripts/test installs it")
    let store = try Executable.run(storescu, ["-aec", "REKKAS", "127.0.0.1", "\(hub.dicomPort)"] + files)
    #expect(store.status == 0, "\(store.errors)")
  }

  /// The rows of all instances, and the first frame of each as native pixels.
  private func frames(_ hub: HubProcess) throws -> [String: Data] {
    var frames: [String: Data] = [:]
    for row in try WebClient.get(hub.dicomWeb + "/instances?limit=1000", accept: "application/dicom+json").dataSets {
      let uids = ["0020000D", "0020000E", "00080018"].compactMap {
        ((row[$0] as? [String: Any])?["Value"] as? [String])?.first
      }
      guard uids.count == 3 else { continue }
      let answer = try WebClient.get(
        hub.dicomWeb + "/studies/\(uids[0])/series/\(uids[1])/instances/\(uids[2])/frames/1",
        accept: "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")
      #expect(answer.status == 200)
      frames[uids[2]] = answer.body
    }
    return frames
  }

  @Test func everyImageIsPreparedAndReadsAsBefore() throws {
    let files = TestData.files(under: TestData.synthetic)
    let plain = try HubProcess(arguments: ["--set", "preparation.enabled=false"])
    try store(files, in: plain)
    let before = try frames(plain)
    #expect(try waiting(plain) == files.count)
    #expect(try plain.stop() == 0)

    let hub = try HubProcess()
    try store(files, in: hub)
    let deadline = Date().addingTimeInterval(60)
    while try waiting(hub) != 0, Date() < deadline { usleep(50_000) }
    #expect(try waiting(hub) == 0)
    #expect(try frames(hub) == before)
    let metrics = try WebClient.get(hub.base + "/metrics").text
    #expect(metrics.contains("rekkas_preparation_prepared_total \(files.count)\n"), "\(metrics)")
    #expect(metrics.contains("rekkas_preparation_waiting 0\n"))
    #expect(try hub.stop() == 0)

    let verify = try Executable.run(Executable.rekkas, ["verify", "--data", hub.data.path])
    #expect(verify.status == 0 && verify.output.contains("All is well."), "\(verify.output)\(verify.errors)")
    // What the first hub left as it was received is prepared without a hub.
    #expect(try Executable.run(Executable.rekkas, ["prepare", "--data", plain.data.path, "--status"]).status == 1)
    let prepare = try Executable.run(Executable.rekkas, ["prepare", "--data", plain.data.path])
    #expect(prepare.status == 0 && prepare.output.contains("No image waits."), "\(prepare.output)\(prepare.errors)")
    try plain.start()
    #expect(try frames(plain) == before)
    #expect(try plain.stop() == 0)
  }
}
