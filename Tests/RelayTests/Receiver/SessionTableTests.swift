import Testing

@testable import Relay

@Suite("Sessions")
struct SessionTableTests {
  @Test("Each number counts once, in any order")
  func once() {
    let window = HeldWindow()
    #expect(!window.use(0))
    for number in [3, 1, 2, 700, 5] as [UInt64] {
      #expect(window.use(number))
      #expect(!window.use(number))
    }
  }

  @Test("The window agrees with a list of all numbers that were used")
  func model() {
    var random = SeededGenerator(seed: 9)
    let window = HeldWindow()
    var used: Set<UInt64> = []
    var greatest: UInt64 = 0
    for round in 0..<20_000 {
      let step = round % 97 == 0 ? 3000 : 40
      let number = UInt64(max(1, Int(greatest) + Int.random(in: -1100...step, using: &random)))
      let isNew = !used.contains(number) && number + UInt64(NumberWindow.width) > greatest
      #expect(window.use(number) == isNew)
      if isNew { used.insert(number) }
      greatest = max(greatest, number)
    }
    #expect(used.count > 5000)
  }

  @Test("Numbers to the very greatest are taken, and none behind the window")
  func greatest() {
    let window = HeldWindow()
    #expect(window.use(.max))
    #expect(!window.use(.max))
    #expect(window.use(.max - 1023))
    #expect(!window.use(.max - 1024))
  }

  @Test("Sessions of one site are none of another")
  func sites() {
    let table = HeldTable(sessionsPerSite: 2)
    #expect(table.open("s1", site: "A", nonce: "n1"))
    #expect(table.use(1, of: "s1", site: "A") == .accepted)
    #expect(table.use(1, of: "s1", site: "A") == .replayed)
    #expect(table.use(2, of: "s1", site: "B") == .unknown)
    #expect(table.use(1, of: "s2", site: "A") == .unknown)
  }

  @Test("Whoever replays openings does not end the session that is in use")
  func replayedOpenings() {
    let table = HeldTable(sessionsPerSite: 3)
    #expect(table.open("real", site: "A", nonce: "n"))
    #expect(table.use(1, of: "real", site: "A") == .accepted)
    for number in 0..<50 { #expect(table.open("false\(number)", site: "A", nonce: "old\(number)")) }
    #expect(table.use(2, of: "real", site: "A") == .accepted)
    #expect(!table.open("again", site: "A", nonce: "n"))
  }

  @Test("Of more sessions than allowed, the one that was used least recently ends")
  func oldest() {
    let table = HeldTable(sessionsPerSite: 2)
    for name in ["s1", "s2"] {
      #expect(table.open(name, site: "A", nonce: name))
      #expect(table.use(1, of: name, site: "A") == .accepted)
    }
    #expect(table.use(2, of: "s1", site: "A") == .accepted)
    #expect(table.open("s3", site: "A", nonce: "s3"))
    #expect(table.isKnown("s1", site: "A") && !table.isKnown("s2", site: "A") && table.isKnown("s3", site: "A"))
    table.forget("A")
    #expect(!table.isKnown("s1", site: "A"))
  }

  @Test("Memory for nonces is bounded")
  func nonces() {
    let table = HeldTable(sessionsPerSite: 2, noncesPerSite: 10)
    for number in 0..<100 { #expect(table.open("s\(number)", site: "A", nonce: "n\(number)")) }
    #expect(!table.open("x", site: "A", nonce: "n95"))
    #expect(table.open("y", site: "A", nonce: "n3"))
  }
}

/// `#expect` takes calls that change a value only of objects.
private final class HeldWindow {
  private var window = NumberWindow()
  func use(_ number: UInt64) -> Bool { window.use(number) }
}

private final class HeldTable {
  private var table: SessionTable
  init(sessionsPerSite: Int, noncesPerSite: Int = 1024) {
    table = SessionTable(sessionsPerSite: sessionsPerSite, noncesPerSite: noncesPerSite)
  }
  func open(_ session: String, site: String, nonce: String) -> Bool { table.open(session, site: site, nonce: nonce) }
  func use(_ number: UInt64, of session: String, site: String) -> SessionTable.Verdict {
    table.use(number, of: session, site: site)
  }
  func isKnown(_ session: String, site: String) -> Bool { table.isKnown(session, site: site) }
  func forget(_ site: String) { table.forget(site) }
}
