import DICOM

extension LayerTable {
  /// Reads the table out of a prepared file: each frame one fragment, each layer one tile-part. Blocks.
  ///
  /// Nothing is decoded and nothing proven; nil for a file that is not made like that.
  public init?(ofPreparedFile path: String) {
    guard let bytes = try? ObjectBytes.mapped(path: path), let object = try? ImageObject(bytes),
      object.object.transferSyntax == .jpeg2000Lossless, let location = object.object.pixelData
    else { return nil }
    var format = object.format
    if format.photometricInterpretation == .ybrRCT { format.photometricInterpretation = .rgb }
    var frames: [Frame] = []
    for frame in 0..<object.frameCount {
      let fragments = location.fragments(of: frame)
      guard fragments.count == 1,
        let ends = bytes.withUnsafeBytes({ Self.layerEnds(UnsafeRawBufferPointer(rebasing: $0[fragments[0]])) })
      else { return nil }
      frames.append(Frame(offset: fragments[0].lowerBound, layerEnds: ends))
    }
    self.init(format: format, frames: frames)
  }

  /// Where the tile-parts of a codestream end (ISO/IEC 15444-1 A.4.2), the last with the end of the codestream.
  private static func layerEnds(_ codestream: UnsafeRawBufferPointer) -> [Int]? {
    func marker(_ at: Int) -> Int? {
      at + 2 <= codestream.count ? Int(codestream[at]) << 8 | Int(codestream[at + 1]) : nil
    }
    var position = 2
    while let next = marker(position), next != 0xFF90 {
      guard next > 0xFF00, let length = marker(position + 2), length >= 2 else { return nil }
      position += 2 + length
    }
    var ends: [Int] = []
    while marker(position) == 0xFF90 {
      guard position + 12 <= codestream.count else { return nil }
      let length = (6..<10).reduce(0) { $0 << 8 | Int(codestream[position + $1]) }
      guard length >= 14, length <= codestream.count - position else { return nil }
      position += length
      ends.append(position)
    }
    guard marker(position) == 0xFFD9, !ends.isEmpty else { return nil }
    ends[ends.count - 1] += 2
    return ends
  }
}
