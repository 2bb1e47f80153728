import Testing

@testable import Imaging

@Suite struct PaletteTests {
  @Test func `segments that are cut short or refer outside make no table`() {
    #expect(Palette.expand(segments: [0, 5, 1], count: 8) == nil)
    #expect(Palette.expand(segments: [1, 2, 3], count: 8) == nil)
    #expect(Palette.expand(segments: [2, 1, 50, 0], count: 8) == nil)
    #expect(Palette.expand(segments: [7, 1, 1], count: 8) == nil)
  }

  @Test func `a segment that refers to itself ends`() {
    #expect(Palette.expand(segments: [2, 1, 0, 0], count: 8) == nil)
  }

  @Test func `no more entries are made than promised`() throws {
    let entries = try #require(Palette.expand(segments: [0, 1, 7, 1, 60_000, 9], count: 4))
    #expect(entries.count == 4)
  }
}
