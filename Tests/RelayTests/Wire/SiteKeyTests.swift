import Foundation
import Testing

@testable import Relay

@Suite("Site keys")
struct SiteKeyTests {
  @Test("A key is the same after it was written and read")
  func file() throws {
    let path = NSTemporaryDirectory() + "rekkas-key-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    let key = try SiteKey.generate(site: "MIDELT")
    try key.write(to: path)
    #expect(try SiteKey(contentsOf: path) == key)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(throws: SiteKeyFailure.cannotWrite(path, code: EEXIST)) { try key.write(to: path) }
  }

  @Test("Notes and empty lines of a key file are passed over")
  func notes() throws {
    let key = try SiteKey.generate(site: "a.b_c-1")
    #expect(try SiteKey(text: "# from the hub\r\n\r\n  \(key.text)\n") == key)
  }

  @Test("A badly copied key is found by its check digits")
  func copied() throws {
    let text = try SiteKey.generate(site: "MIDELT").text
    var digits = Array(text)
    digits[40] = digits[40] == "0" ? "1" : "0"
    #expect(throws: SiteKeyFailure.damaged) { try SiteKey(text: String(digits)) }
    #expect(throws: SiteKeyFailure.damaged) { try SiteKey(text: text.replacing("MIDELT", with: "AZILAL")) }
    #expect(throws: SiteKeyFailure.badFile) { try SiteKey(text: text + text) }
    #expect(throws: SiteKeyFailure.badFile) { try SiteKey(text: "") }
  }

  @Test(
    "Names that could be misread are none",
    arguments: ["", "a b", "a,b", "a=b", "é", String(repeating: "a", count: 33)])
  func names(_ name: String) { #expect(throws: SiteKeyFailure.badName) { try SiteKey.generate(site: name) } }

  @Test("A key does not show itself")
  func isSilent() throws {
    let key = try SiteKey.generate(site: "MIDELT")
    let secret = key.text.split(separator: " ")[2]
    var dumped = ""
    dump(key, to: &dumped)
    for text in ["\(key)", String(reflecting: key), dumped, "\([key])"] { #expect(!text.contains(secret)) }
    #expect(try key.fingerprint != SiteKey.generate(site: "MIDELT").fingerprint)
  }

  @Test("Two sites have two names, capital letters aside")
  func registry() throws {
    let one = SiteRegistry.Site(key: try .generate(site: "Midelt"), title: "Midelt")
    #expect(throws: SiteRegistryFailure.twice("MIDELT")) {
      try SiteRegistry([one, .init(key: .generate(site: "MIDELT"))])
    }
    let registry = try SiteRegistry([one, .init(key: .generate(site: "AZILAL"))])
    #expect(registry.all.map(\.title) == ["AZILAL", "Midelt"])
    #expect(registry["midelt"] == nil && registry["Midelt"] == one)
  }
}
