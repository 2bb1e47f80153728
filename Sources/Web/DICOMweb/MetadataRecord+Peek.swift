import Archive
import DICOM
import Foundation

extension MetadataRecord {
  /// The `Value` of a top-level attribute as the JSON has it (`[1]`), without reading the rest; nil when there is none.
  func value(of tag: Tag) -> String? {
    let key = Array("\"\(tag.hex)\":".utf8)
    return json.withUnsafeBytes { bytes in
      let pattern = BytePattern(key)
      var start = 0
      while let found = pattern.firstIndex(in: UnsafeRawBufferPointer(rebasing: bytes[start...])) {
        let place = start + found
        if Self.depth(at: place, in: bytes) == 1 { return Self.value(in: bytes[(place + key.count)...]) }
        start = place + key.count
      }
      return nil
    }
  }

  /// How many objects and arrays are open.
  private static func depth(at place: Int, in bytes: UnsafeRawBufferPointer) -> Int {
    var depth = 0
    var isText = false
    var index = 0
    while index < place {
      switch bytes[index] {
      case UInt8(ascii: "\\") where isText: index += 1
      case UInt8(ascii: "\""): isText.toggle()
      case UInt8(ascii: "{") where !isText, UInt8(ascii: "[") where !isText: depth += 1
      case UInt8(ascii: "}") where !isText, UInt8(ascii: "]") where !isText: depth -= 1
      default: break
      }
      index += 1
    }
    return isText ? -1 : depth
  }

  /// From `{"vr":"US","Value":[1]}…`.
  private static func value(in element: Slice<UnsafeRawBufferPointer>) -> String? {
    let text = String(decoding: element.prefix(256), as: UTF8.self)
    guard let end = text.firstIndex(of: "}"), let name = text[..<end].range(of: "\"Value\":") else { return nil }
    return String(text[name.upperBound..<end])
  }
}
