import DICOM
import Imaging
import Testing

@Suite("Compression profiles")
struct ProfileTests {
  private func scalar(_ text: String, _ line: Int = 1) -> ProfileNode { .scalar(text, line: line) }

  private func map(_ line: Int = 1, _ entries: (String, ProfileNode)...) -> ProfileNode {
    .map(entries.map { .init(key: $0.0, line: line, value: $0.1) }, line: line)
  }

  private func rule(_ name: String, line: Int = 1, when: ProfileNode? = nil, then: ProfileNode? = nil) -> ProfileNode {
    var entries: [ProfileNode.Entry] = [
      .init(key: "name", line: line, value: scalar(name)), .init(key: "because", line: line, value: scalar("so")),
    ]
    if let when { entries.append(.init(key: "when", line: line, value: when)) }
    entries.append(.init(key: "then", line: line, value: then ?? map(line, ("codec", scalar("ladder")))))
    return .map(entries, line: line)
  }

  private func profile(_ rules: ProfileNode...) -> ProfileNode {
    map(1, ("profile", scalar("p")), ("rules", .list(rules, line: 2)))
  }

  private func problems(_ node: ProfileNode) -> [String] {
    do {
      _ = try ProfileReader.read(node)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  private func facts(_ words: [ProfileKey: String], _ numbers: [ProfileKey: Double] = [:]) -> ImageFacts {
    var facts = ImageFacts()
    facts.words = words
    facts.numbers = numbers
    return facts
  }

  @Test func theFirstRuleThatFitsDecidesAndTheOthersSayWhyNot() throws {
    let profile = try ProfileReader.read(
      profile(
        rule("ct", when: map(1, ("modality", .list([scalar("CT"), scalar("pt")], line: 1)))),
        rule("deep", when: map(1, ("bits-stored", scalar("10..16")))),
        rule("rest")))
    #expect(profile.decide(facts([.modality: "PT"])).rule.name == "ct")
    let deep = profile.decide(facts([.modality: "MR"], [.bitsStored: 12]))
    #expect(deep.rule.name == "deep")
    #expect(deep.refused.map { "\($0.condition), \($0.found ?? "absent")" } == ["modality is CT or PT, MR"])
    #expect(profile.decide(facts([.modality: "MR"], [.bitsStored: 8])).rule.name == "rest")
  }

  @Test func aMissingAttributeNeverMatches() throws {
    let profile = try ProfileReader.read(
      profile(rule("any", when: map(1, ("frames", scalar("..1000000")))), rule("rest")))
    let decision = profile.decide(ImageFacts())
    #expect(decision.rule.name == "rest")
    #expect(decision.refused.first?.found == nil)
  }

  @Test func everythingWrongIsSaidAtOnceWithItsLine() {
    let found = problems(
      profile(
        rule("a", line: 3, when: map(4, ("modalty", scalar("CT"))), then: map(5, ("codec", scalar("laddr", 6)))),
        rule(
          "a", line: 7, when: map(8, ("rows", scalar("9..3", 8))),
          then: map(9, ("codec", scalar("ladder")), ("layers", .list([scalar("4K"), scalar("2K")], line: 9)))),
        rule("c", line: 10, when: map(11, ("modality", scalar("CT"))))))
    #expect(found.contains("line 4: when knows no modalty; did you mean modality?"))
    #expect(found.contains("line 6: codec knows no laddr; did you mean ladder?"))
    #expect(found.contains("line 7: there is another rule named a"))
    #expect(found.contains { $0.hasPrefix("line 8: rows is a number or a range") })
    #expect(found.contains { $0.hasPrefix("line 9: layers are 1 to 16 sizes") })
    #expect(found.contains { $0.hasPrefix("line 10: the last rule has no \"when\"") })
  }

  @Test func aRuleForAllThatIsNotTheLastIsRefused() {
    #expect(problems(profile(rule("all", line: 5), rule("rest"))).contains { $0.contains("never reached") })
  }

  @Test(arguments: [("16", 16.0, true), ("8..12", 13, false), ("2..", 1, false), ("2..", 3, true), ("..64", 64, true)])
  func rangesAreInclusive(text: String, value: Double, holds: Bool) throws {
    let profile = try ProfileReader.read(profile(rule("x", when: map(1, ("rows", scalar(text)))), rule("rest")))
    #expect((profile.decide(facts([:], [.rows: value])).rule.name == "x") == holds)
  }
}
