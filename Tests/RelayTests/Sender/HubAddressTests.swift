import Foundation
import Testing

@testable import Relay

@Suite("Where and when to send")
struct HubAddressTests {
  @Test(
    "Images go over TLS, or nowhere but to this machine",
    arguments: [
      "https://hub.example.org", "https://hub.example.org:8443/", "http://127.0.0.1:8080", "http://localhost",
      "http://[::1]:80", "HTTPS://Hub.Example.Org",
    ])
  func accepted(address: String) throws {
    #expect(!(try HubAddress(address).base.hasSuffix("/")))
  }

  @Test(
    "Plain HTTP to another machine is refused, whatever it calls itself",
    arguments: [
      "http://hub.example.org", "http://10.0.0.1", "http://127.0.0.1.example.org", "http://localhost.example.org",
    ])
  func unprotected(address: String) {
    #expect(throws: LinkSenderFailure.unprotected(address)) { try HubAddress(address) }
    #expect(LinkSenderFailure.unprotected(address).description.contains("use https"))
  }

  @Test(
    "What is no address is refused",
    arguments: [
      "", "hub.example.org", "ftp://hub.example.org", "https://", "https://hub.example.org/path",
      "https://user@hub.example.org", "https://hub.example.org:99999", "https://hub.example.org?x=1",
    ])
  func malformed(address: String) {
    #expect(throws: LinkSenderFailure.notAnAddress(address)) { try HubAddress(address) }
  }

  @Test("Hours may pass midnight; the end is not part of them")
  func windows() throws {
    let night = try #require(DailyWindow("20:00-06:00"))
    #expect(night.contains(minute: 20 * 60) && night.contains(minute: 0) && night.contains(minute: 359))
    #expect(!night.contains(minute: 360) && !night.contains(minute: 12 * 60))
    let noon = try #require(DailyWindow("12:00-14:30"))
    #expect(noon.contains(minute: 720) && !noon.contains(minute: 870))
    #expect(try #require(DailyWindow("00:00-24:00")).contains(minute: 1439))
  }

  @Test(
    "Hours that make no sense are none", arguments: ["", "8-9", "08:00", "08:00-08:00", "25:00-26:00", "08:60-09:00"])
  func badWindows(text: String) {
    #expect(DailyWindow(text) == nil)
  }

  @Test("The month's bytes are those of one month")
  func month() throws {
    let folder = NSTemporaryDirectory() + "rekkas-month-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/month.json"
    let november = Date(timeIntervalSince1970: 1_795_000_000)
    var month = MonthBytes(path: path)
    month.add(2000, now: nil)
    month.add(3000, now: november)
    month.save()
    #expect(MonthBytes(path: path).bytes == 5000)
    var december = MonthBytes(path: path)
    december.add(10, now: november + 40 * 86_400)
    #expect(december.bytes == 10)
    // A file that a power cut has torn counts as none.
    try Data("{".utf8).write(to: URL(fileURLWithPath: path))
    #expect(MonthBytes(path: path).bytes == 0)
  }

  @Test("While nobody knows what month it is, bytes count to the one that was last known")
  func unknownMonth() {
    let november = Date(timeIntervalSince1970: 1_795_000_000)
    var month = MonthBytes(path: nil)
    month.add(5000, now: november)
    month.add(5, now: nil)
    #expect(month.bytes == 5005)
    month.turn(to: november + 60)
    #expect(month.bytes == 5005)
  }
}
