import DICOM
import Foundation

extension Receipt {
  /// The receipt as bytes for a journal record: version, time, channel, then texts, each with its length.
  ///
  /// Texts are cut to 255 bytes; a peer that sends longer ones gains nothing.
  func encoded() -> [UInt8] {
    var bytes: [UInt8] = [1]
    withUnsafeBytes(of: receivedAt.timeIntervalSince1970.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    for text in [channel.rawValue, callingAETitle, calledAETitle, peerAddress] {
      let utf8 = Array((text ?? "").utf8.prefix(255))
      bytes.append(UInt8(utf8.count))
      bytes.append(contentsOf: utf8)
    }
    return bytes
  }

  /// nil when these are no bytes of ``encoded()``.
  init?(encoded bytes: [UInt8]) {
    guard bytes.count >= 9, bytes[0] == 1 else { return nil }
    let bits = bytes[1..<9].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    var texts: [String] = []
    var offset = 9
    while offset < bytes.count, texts.count < 4 {
      let end = offset + 1 + Int(bytes[offset])
      guard end <= bytes.count else { return nil }
      texts.append(String(decoding: bytes[offset + 1..<end], as: UTF8.self))
      offset = end
    }
    guard texts.count == 4, let channel = Channel(rawValue: texts[0]) else { return nil }
    func known(_ text: String) -> String? { text.isEmpty ? nil : text }
    self.init(
      channel: channel, receivedAt: Date(timeIntervalSince1970: Double(bitPattern: bits)),
      callingAETitle: known(texts[1]), calledAETitle: known(texts[2]), peerAddress: known(texts[3]))
  }
}
