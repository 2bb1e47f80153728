import CCodecs

/// CRC-32 as in gzip and PNG: finds damage by accident, not by intent.
public enum Checksum {
  public static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 { cc_crc32(bytes.baseAddress, bytes.count) }
}
