import Foundation
import Testing

/// Real clients, unmodified, against the built hub.
@Suite("Real clients")
struct ClientTests {
  @Test func echoscuAndStorescuFromDCMTK() throws {
    let hub = try HubProcess()
    let echoscu = try #require(Executable.find("echoscu"), "dcmtk is not installed: Scripts/test installs it")
    let echo = try Executable.run(echoscu, ["-aec", "REKKAS", "127.0.0.1", "\(hub.dicomPort)"])
    #expect(echo.status == 0, "\(echo.errors)")
    let storescu = try #require(Executable.find("storescu"))
    let files = TestData.files(under: TestData.synthetic)
    let store = try Executable.run(storescu, ["-v", "-aec", "REKKAS", "127.0.0.1", "\(hub.dicomPort)"] + files)
    #expect(store.status == 0, "\(store.errors)")
    let rows = try WebClient.get(hub.dicomWeb + "/instances?limit=1000", accept: "application/dicom+json").dataSets
    #expect(rows.count == files.count)
    #expect(try hub.stop() == 0)
  }

  @Test func pynetdicom() throws {
    let hub = try HubProcess()
    let result = try Executable.client(
      "pynetdicom_client.py", ["\(hub.dicomPort)"] + TestData.files(under: TestData.synthetic))
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.output.contains("all good"))
    let kept = try WebClient.get(hub.base + "/metrics").text
    #expect(kept.contains("rekkas_"), "no metrics of ours")
  }

  @Test func dicomwebClient() throws {
    let hub = try HubProcess()
    let result = try Executable.client(
      "dicomweb_clients.py", [hub.base] + TestData.files(under: TestData.synthetic))
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.output.contains("all good"))
  }

  @Test func othersReadWhatIsMadeOnAccept() throws {
    let hub = try HubProcess()
    let result = try Executable.client(
      "transcoding_client.py", [hub.base] + TestData.files(under: TestData.synthetic))
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.output.contains("all good"))
  }
}
