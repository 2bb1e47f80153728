import Testing

@testable import Relay

@Suite("Signatures of the link")
struct LinkSignerTests {
  private let key: SiteKey
  private let body = Array("body".utf8)

  init() throws { key = try SiteKey(site: "MIDELT", secret: Array(0..<32)) }

  private func credentials(body: [UInt8]? = nil) throws -> LinkCredentials {
    let header = LinkSigner(key: key).header(
      method: "POST", path: "/link/v1/batch", session: "ab12", number: 17, body: body ?? self.body)
    return try #require(LinkCredentials(header))
  }

  @Test("The hub accepts what the site signed")
  func accepted() throws {
    #expect(
      LinkVerifier(key: key).accepts(try credentials(), method: "POST", path: "/link/v1/batch", body: body))
  }

  @Test("Whatever is changed, the signature no longer fits")
  func changed() throws {
    let verifier = LinkVerifier(key: key)
    let good = try credentials()
    #expect(!verifier.accepts(good, method: "PUT", path: "/link/v1/batch", body: body))
    #expect(!verifier.accepts(good, method: "POST", path: "/link/v1/session", body: body))
    #expect(!verifier.accepts(good, method: "POST", path: "/link/v1/batch", body: body + [0]))
    var other = good
    other.number = 18
    #expect(!verifier.accepts(other, method: "POST", path: "/link/v1/batch", body: body))
    other = good
    other.session = "ab13"
    #expect(!verifier.accepts(other, method: "POST", path: "/link/v1/batch", body: body))
    other = good
    other.site = "AZILAL"
    #expect(!verifier.accepts(other, method: "POST", path: "/link/v1/batch", body: body))
    for bit in 0..<256 {
      other = good
      other.mac[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(!verifier.accepts(other, method: "POST", path: "/link/v1/batch", body: body))
    }
    let stranger = LinkVerifier(key: try SiteKey.generate(site: "MIDELT"))
    #expect(!stranger.accepts(good, method: "POST", path: "/link/v1/batch", body: body))
  }

  @Test("Only the hub's word is believed")
  func answers() throws {
    let signer = LinkSigner(key: key)
    let mac = LinkVerifier(key: key).mac(status: 200, body: body, session: "ab12", number: 17)
    #expect(signer.believes(status: 200, body: body, mac: mac, session: "ab12", number: 17))
    #expect(!signer.believes(status: 401, body: body, mac: mac, session: "ab12", number: 17))
    #expect(!signer.believes(status: 200, body: [], mac: mac, session: "ab12", number: 17))
    #expect(!signer.believes(status: 200, body: body, mac: mac, session: "ab12", number: 18))
    #expect(!signer.believes(status: 200, body: body, mac: mac, session: "ab13", number: 17))
    #expect(!signer.believes(status: 200, body: body, mac: nil, session: "ab12", number: 17))
    #expect(!signer.believes(status: 200, body: body, mac: "", session: "ab12", number: 17))
    #expect(!signer.believes(status: 200, body: body, mac: String(mac.dropLast(2)), session: "ab12", number: 17))
    // What a site sent is no answer to it.
    let sent = try credentials().mac
    #expect(!signer.believes(status: 200, body: body, mac: Hex.text(sent), session: "ab12", number: 17))
  }

  @Test("The header is read as it is written, and members that come later are passed over")
  func header() throws {
    let good = try credentials()
    #expect(LinkCredentials(good.header) == good)
    #expect(LinkCredentials(good.header + ", colour=blue") == good)
    #expect(LinkCredentials(good.header.replacing(", ", with: ",")) == good)
  }

  @Test(
    "A header that could be read in two ways is none",
    arguments: [
      "", "v=1", "v=1, v=1, site=A, session=a, number=1, mac=MAC", "v=01, site=A, session=a, number=1, mac=MAC",
      "v=1, site=A, session=a, number=01, mac=MAC", "v=1, site=A, session=a, number=-1, mac=MAC",
      "v=1, site=A, session=a, number=18446744073709551616, mac=MAC", "v=1, site=A B, session=a, number=1, mac=MAC",
      "v=1, site=A, session=, number=1, mac=MAC", "v=1, site=A, session=AB, number=1, mac=MAC",
      "v=1, site=A, session=a, number=1, mac=MAC00", "v=1, site=A, session=a, number=1, mac=",
      "v=1, site=A\n, session=a, number=1, mac=MAC", "v=1,, site=A, session=a, number=1, mac=MAC",
    ])
  func noHeader(_ text: String) {
    #expect(LinkCredentials(text.replacing("MAC", with: String(repeating: "ab", count: 32))) == nil)
  }

  @Test("Thousands of damaged headers neither crash nor are accepted")
  func mutations() throws {
    var random = SeededGenerator(seed: 5)
    let good = try credentials()
    let verifier = LinkVerifier(key: key)
    for _ in 0..<5000 {
      var bytes = Array(good.header.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
      }
      guard let read = LinkCredentials(String(decoding: bytes, as: UTF8.self)), read != good else { continue }
      // The version is checked before the signature, which does not cover it.
      guard read.version == good.version else { continue }
      #expect(!verifier.accepts(read, method: "POST", path: "/link/v1/batch", body: body))
    }
  }
}
