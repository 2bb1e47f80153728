import CCodecs

extension Picture {
  /// The picture as an image file of at most `limit` bytes: first with less quality, then with fewer pixels.
  func encoded(
    as format: PictureFormat, within limit: Int?, threads: Int = 1
  ) throws(RenderFailure) -> RenderedImage {
    var image = try encoded(as: format, threads: threads)
    guard let limit else { return image }
    // Below this a JPEG shows its blocks; a smaller picture without them is the better one.
    let leastQuality = 50
    if case .jpeg(var quality) = format {
      while image.bytes.count > limit, quality > leastQuality {
        quality = max(leastQuality, min(quality - 10, quality * limit / image.bytes.count))
        image = try encoded(as: .jpeg(quality: quality))
      }
    }
    var smaller = self
    var form = format
    if case .jpeg(let quality) = format { form = .jpeg(quality: min(quality, leastQuality)) }
    while image.bytes.count > limit, smaller.width > 1 || smaller.height > 1 {
      // Bytes go with the pixels, about; a little less, so that twice is rare.
      let factor = min(0.9, (Double(limit) / Double(image.bytes.count)).squareRoot() * 0.95)
      smaller = try scaled(
        width: max(1, Int(Double(smaller.width) * factor)), height: max(1, Int(Double(smaller.height) * factor)))
      image = try smaller.encoded(as: form)
    }
    return image
  }

  private func scaled(width: Int, height: Int) throws(RenderFailure) -> Picture {
    var out = Picture(width: width, height: height, channels: channels, pixels: [])
    out.pixels = [UInt8](repeating: 0, count: width * height * channels)
    guard
      cc_scale8(
        pixels, self.width * channels, Int32(self.width), Int32(self.height), Int32(channels), &out.pixels,
        Int32(width), Int32(height))
    else { throw .tooLarge }
    return out
  }
}
