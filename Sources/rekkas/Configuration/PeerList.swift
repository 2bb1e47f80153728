import DIMSE
import Glibc

/// DICOM peers in one line: `CT1@192.168.1.20, DX@192.168.1.21, US`; a title without an address is taken from anywhere.
enum PeerList {
  static func read(_ text: String) throws(SettingError) -> [DIMSEPeer] {
    var peers: [DIMSEPeer] = []
    for entry in text.split(separator: ",") {
      let parts = entry.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
      let title = try AETitle.validated(String(parts[0]))
      guard parts.count == 2 else {
        peers.append(DIMSEPeer(aeTitle: title))
        continue
      }
      let address = parts[1].trimmingSpaces()
      guard isNumeric(address) else {
        throw SettingError("names addresses in numbers, for example CT1@192.168.1.20 (found \"\(address)\")")
      }
      peers.append(DIMSEPeer(aeTitle: title, address: address))
    }
    return peers
  }

  private static func isNumeric(_ address: String) -> Bool {
    var room = [UInt8](repeating: 0, count: 16)
    return inet_pton(AF_INET, address, &room) == 1 || inet_pton(AF_INET6, address, &room) == 1
  }
}
