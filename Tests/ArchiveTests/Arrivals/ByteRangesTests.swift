import Foundation
import Testing

@testable import Archive

@Suite struct ByteRangesTests {
  @Test func `Whatever is inserted in whatever order, it is the set of those bytes`() throws {
    var numbers = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let size = Int.random(in: 1...80, using: &numbers)
      var ranges = ByteRanges()
      var bytes: Set<Int> = []
      for _ in 0..<Int.random(in: 0...25, using: &numbers) {
        let start = Int.random(in: 0...size, using: &numbers)
        let range = start..<Swift.min(size, start + Int.random(in: 0...12, using: &numbers))
        ranges.insert(range)
        bytes.formUnion(range)
        let flat = ranges.flat
        // Ascending, and a gap between any two.
        #expect(zip(flat, flat.dropFirst()).allSatisfy { $0 < $1 }, "\(flat)")
        #expect(Set(ranges.ranges.joined()) == bytes)
      }
      #expect(ranges.count == bytes.count)
      #expect(ranges.pieces == ranges.ranges.count)
      #expect(ranges.isWhole(size) == (bytes.count == size))
      #expect(Set(ranges.missing(upTo: size).joined()) == Set(0..<size).subtracting(bytes))
      for _ in 0..<10 {
        let start = Int.random(in: 0...size, using: &numbers)
        let range = start..<Int.random(in: start...size, using: &numbers)
        #expect(ranges.contains(range) == bytes.isSuperset(of: range))
        #expect(ranges.missing(in: range).flatMap { Array($0) } == range.filter { !bytes.contains($0) })
        let end = ranges.end(from: start)
        #expect(bytes.isSuperset(of: start..<end) && !bytes.contains(end))
      }
      let again = try JSONDecoder().decode(ByteRanges.self, from: JSONEncoder().encode(ranges))
      #expect(again == ranges)
      #expect(FrameExtents.ranges(FrameExtents.encoded(ranges)) == ranges)
      var other = ByteRanges(0..<size / 2)
      other.formUnion(ranges)
      #expect(other.count == bytes.union(0..<size / 2).count)
    }
  }

  @Test func `As JSON it is a flat list`() throws {
    var ranges = ByteRanges(3..<5)
    ranges.insert(9..<12)
    #expect(String(decoding: try JSONEncoder().encode(ranges), as: UTF8.self) == "[3,5,9,12]")
  }

  @Test(arguments: ["[1]", "[3,1]", "[1,1]", "[1,5,5,9]", "[-1,4]", "[1,5,4,9]"])
  func `A list that does not grow is none`(_ text: String) {
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(ByteRanges.self, from: Data(text.utf8)) }
  }

  @Test func `Frame tables keep their form, also where frames lie in another order`() throws {
    let tables: [[[Int]]] = [
      [], [[100, 10]], [[100, 10, 20, 30], [140, 5, 6]], [[500, 100], [90, 3, 400], [500, 100]],
    ]
    for frames in tables { #expect(FrameExtents.decoded(FrameExtents.encoded(frames)) == frames) }
    let bytes = FrameExtents.encoded(tables[3])
    for count in 0..<bytes.count { #expect(FrameExtents.decoded(Array(bytes.prefix(count))) == nil) }
    #expect(FrameExtents.decoded(bytes + [0]) == nil)
    #expect(FrameExtents.decoded([0xFF, 0xFF, 0xFF, 0xFF, 0x7F]) == nil)
  }
}
