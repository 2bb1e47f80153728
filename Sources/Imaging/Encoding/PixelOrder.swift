import CCodecs

/// The order of the samples of colour pixels (PS3.3 §C.7.6.3.1.3).
public enum PixelOrder {
  /// Colour by pixel as colour by plane.
  public static func planes(_ pixels: [UInt8], samples: Int, bytesPerSample: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: pixels.count) { buffer, count in
      cc_planes(pixels, pixels.count / (samples * bytesPerSample), samples, bytesPerSample, buffer.baseAddress)
      count = pixels.count
    }
  }
}
