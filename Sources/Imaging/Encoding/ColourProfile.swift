import DICOM

/// The ICC profile of an object's colours, (0028,2000): it goes along with the picture, whose samples stay as they are.
struct ColourProfile: Equatable {
  let bytes: [UInt8]

  /// More than a camera's profile has; a picture of some 100 KB should not carry megabytes.
  private static let longest = 1 << 20

  /// Nil unless it is the header of an ICC profile for RGB (ISO 15076-1 §7.2), whole and not too long.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 128, Array(bytes[36..<40]) == Array("acsp".utf8), Array(bytes[16..<20]) == Array("RGB ".utf8)
    else { return nil }
    let length = bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
    // A byte of padding is DICOM's.
    guard (128...min(bytes.count, Self.longest)).contains(length) else { return nil }
    self.bytes = Array(bytes.prefix(length))
  }

  /// The object's own, else that of its first optical path (whole slide images).
  init?(_ dataSet: DataSet) {
    let owner = dataSet.contains(.iccProfile) ? dataSet : dataSet.item(.opticalPathSequence, 0)
    guard let owner, let profile = ColourProfile(owner.octets(.iccProfile)) else { return nil }
    self = profile
  }

  /// Puts APP2 segments behind the first segment of a JPEG, as annex B.4 of the ICC specification says.
  func embed(inJPEG jpeg: inout [UInt8]) {
    guard jpeg.count > 6, jpeg[2] == 0xFF, jpeg[3] == 0xE0 else { return }
    let place = 4 + (Int(jpeg[4]) << 8 | Int(jpeg[5]))
    guard place <= jpeg.count else { return }
    let longestPiece = 65_519
    let count = (bytes.count + longestPiece - 1) / longestPiece
    var segments: [UInt8] = []
    for number in 0..<count {
      let piece = bytes[number * longestPiece..<min(bytes.count, (number + 1) * longestPiece)]
      let length = piece.count + 16
      segments += [0xFF, 0xE2, UInt8(length >> 8), UInt8(length & 0xFF)]
      segments += Array("ICC_PROFILE".utf8) + [0, UInt8(number + 1), UInt8(count)] + piece
    }
    jpeg.insert(contentsOf: segments, at: place)
  }
}
