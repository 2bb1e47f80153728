/// What the file meta information of a Part 10 file says (PS3.10 §7.1).
public struct FileMeta: Sendable, Equatable {
  public let sopClassUID: UID?
  public let sopInstanceUID: UID?
  public let transferSyntaxUID: UID?
  public let implementationClassUID: UID?
  public let implementationVersionName: String?
  public let sourceApplicationEntityTitle: String?
}

extension FileMeta {
  /// Names this program in files and associations (PS3.7 §D.3.3.2). Never changes: file digests depend on it.
  public static let implementationClassUID: UID = "2.25.1827110680940165278719434771653022980"
  /// Names this program in files and associations. Never changes: file digests depend on it.
  public static let implementationVersionName = "REKKAS"

  /// The start of every file we keep: 128 zero bytes, "DICM" and a group 2 that follows from these three values alone.
  ///
  /// Objects are named by the digest of the whole file, so the same data set must get the same header on every way in: no
  /// source AE title, no version number, no private information.
  public static func canonicalHeader(sopClassUID: UID, sopInstanceUID: UID, transferSyntax: TransferSyntax) -> [UInt8] {
    var group: [UInt8] = []
    group.reserveCapacity(256)
    // Version: 00 01, an OB with its long header.
    group += [0x02, 0x00, 0x01, 0x00, 0x4F, 0x42, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01]
    append(.mediaStorageSOPClassUID, .ui, sopClassUID.rawValue, to: &group)
    append(.mediaStorageSOPInstanceUID, .ui, sopInstanceUID.rawValue, to: &group)
    append(.transferSyntaxUID, .ui, transferSyntax.uid.rawValue, to: &group)
    append(.implementationClassUID, .ui, implementationClassUID.rawValue, to: &group)
    append(.implementationVersionName, .sh, implementationVersionName, to: &group)

    var header = [UInt8](repeating: 0, count: 128)
    header.reserveCapacity(144 + group.count)
    header += [0x44, 0x49, 0x43, 0x4D]
    header += [0x02, 0x00, 0x00, 0x00, 0x55, 0x4C, 0x04, 0x00]
    let length = UInt32(group.count)
    header += [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: length >> $0) }
    return header + group
  }

  private static func append(_ tag: Tag, _ vr: VR, _ value: String, to bytes: inout [UInt8]) {
    // A length of 16 bits holds no more; a UID has at most 64 characters, but a peer may claim anything.
    var text = Array(value.utf8.prefix(65_534))
    if text.count % 2 == 1 { text.append(vr == .ui ? 0 : 0x20) }
    for half in [tag.group, tag.element] {
      bytes.append(UInt8(truncatingIfNeeded: half))
      bytes.append(UInt8(truncatingIfNeeded: half >> 8))
    }
    bytes += [UInt8(vr.rawValue >> 8), UInt8(truncatingIfNeeded: vr.rawValue)]
    bytes += [UInt8(truncatingIfNeeded: text.count), UInt8(truncatingIfNeeded: text.count >> 8)]
    bytes += text
  }
}
