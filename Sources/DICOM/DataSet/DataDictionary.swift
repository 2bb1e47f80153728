import CDCMTK

/// What PS3.6 says of an attribute, read once from the dictionary that DCMTK loads.
///
/// Private attributes are not in it: what a vendor means by a private tag depends on the private creator beside it.
public enum DataDictionary {
  /// The value representation of a public attribute, of a group length or of a private creator.
  ///
  /// Where the data set has to decide, the commoner one: OW for "OB or OW", US for "US or SS".
  public static func vr(of tag: Tag) -> VR? {
    switch table.entry(tag) {
    case .none: nil
    case .vr(let vr): vr
    case .octetsOrWords, .lookupTable: .ow
    case .signedOrUnsigned: .us
    }
  }

  /// The keyword: "PatientName". Of a repeating group: "OverlayData".
  public static func keyword(of tag: Tag) -> String? { table.keyword(tag) }

  /// The tag of a keyword as PS3.6 spells it; of a repeating group the first one, (6000,xxxx).
  public static func tag(forKeyword keyword: String) -> Tag? { table.tags[keyword] }

  static let table = DictionaryTable()
}

/// The dictionary, arranged for being asked once an element: an implicit data set has no other source of its VRs.
final class DictionaryTable: Sendable {
  enum Entry: Equatable {
    case none
    case vr(VR)
    /// "ox", "px": OB or OW.
    case octetsOrWords
    /// "xs": US or SS, as Pixel Representation says.
    case signedOrUnsigned
    /// "lt": US, SS or OW.
    case lookupTable
  }

  /// A line for many tags, such as (60xx,3000).
  private struct Range {
    let groups: ClosedRange<UInt16>
    let elements: ClosedRange<UInt16>
    let groupStep: UInt8
    let elementStep: UInt8
    let code: UInt16
    let keyword: String

    func contains(_ tag: Tag) -> Bool {
      groups.contains(tag.group) && elements.contains(tag.element)
        && (groupStep == 0 || tag.group & 1 == UInt16(groupStep) - 1)
        && (elementStep == 0 || tag.element & 1 == UInt16(elementStep) - 1)
    }
  }

  let tags: [String: Tag]
  private let keywords: [Tag: String]
  private let ranges: [Range]
  /// Open addressing: a tag lies at its hash or in one of the slots behind it; code 0 is an empty slot.
  private let slots: [Slot]
  private let mask: UInt32

  private struct Slot {
    var tag: UInt32 = 0
    var code: UInt16 = 0
  }

  init() {
    let count = rk_dictionary_entries(nil, 0)
    var entries = [rk_dictionary_entry](repeating: rk_dictionary_entry(), count: count)
    let filled = min(count, entries.withUnsafeMutableBufferPointer { rk_dictionary_entries($0.baseAddress, count) })

    var size: UInt32 = 1024
    while size < UInt32(count) * 4 { size *= 2 }
    var slots = [Slot](repeating: Slot(), count: Int(size))
    var tags: [String: Tag] = [:]
    var keywords: [Tag: String] = [:]
    var ranges: [Range] = []
    for entry in entries.prefix(filled) {
      let code = UInt16(UInt8(bitPattern: entry.vr.0)) << 8 | UInt16(UInt8(bitPattern: entry.vr.1))
      let keyword = withUnsafeBytes(of: entry.keyword) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      let tag = Tag(entry.group, entry.element)
      // The widest lines ("every private element") say nothing that `entry` does not know by itself.
      if entry.group == 0 && entry.upper_group == 0xFFFF || tag.isPrivate { continue }
      if entry.upper_group == entry.group && entry.upper_element == entry.element {
        var index = Self.hash(tag.rawValue) & (size - 1)
        while slots[Int(index)].code != 0 { index = (index + 1) & (size - 1) }
        slots[Int(index)] = Slot(tag: tag.rawValue, code: code)
        keywords[tag] = keyword
        tags[keyword] = tag
      } else {
        guard entry.group <= entry.upper_group, entry.element <= entry.upper_element else { continue }
        ranges.append(
          Range(
            groups: entry.group...entry.upper_group, elements: entry.element...entry.upper_element,
            groupStep: entry.group_step, elementStep: entry.element_step, code: code, keyword: keyword))
        if tags[keyword] == nil { tags[keyword] = tag }
      }
    }
    self.slots = slots
    self.tags = tags
    self.keywords = keywords
    self.ranges = ranges
    mask = size - 1
  }

  func entry(_ tag: Tag) -> Entry {
    if tag.element == 0 { return .vr(.ul) }
    if tag.isPrivate { return tag.element >= 0x10 && tag.element <= 0xFF ? .vr(.lo) : .none }
    var index = Self.hash(tag.rawValue) & mask
    while true {
      let slot = slots[Int(index)]
      if slot.code == 0 { break }
      if slot.tag == tag.rawValue { return Self.entry(code: slot.code) }
      index = (index + 1) & mask
    }
    return ranges.first { $0.contains(tag) }.map { Self.entry(code: $0.code) } ?? .none
  }

  func keyword(_ tag: Tag) -> String? {
    if let keyword = keywords[tag] { return keyword }
    if tag.isPrivate { return nil }
    return ranges.first { $0.contains(tag) }?.keyword
  }

  private static func hash(_ tag: UInt32) -> UInt32 { (tag &* 0x9E37_79B1) >> 15 }

  private static func entry(code: UInt16) -> Entry {
    switch code {
    case 0x6F78, 0x7078: .octetsOrWords  // "ox", "px"
    case 0x7873: .signedOrUnsigned  // "xs"
    case 0x6C74: .lookupTable  // "lt"
    case 0x7570: .vr(.ul)  // "up": an offset in a DICOMDIR
    default:
      VR(rawValue: code).isKnown ? .vr(VR(rawValue: code)) : .none
    }
  }
}
