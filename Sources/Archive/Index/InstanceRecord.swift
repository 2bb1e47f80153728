import DICOM
import Foundation

/// What the index knows of one kept object: enough to serve its bytes.
public struct InstanceRecord: Sendable {
  public let studyInstanceUID: UID
  public let seriesInstanceUID: UID
  public let sopInstanceUID: UID
  public let sopClassUID: UID
  /// As received.
  public let transferSyntax: TransferSyntax
  /// SHA-256 of the file, 64 lower-case hexadecimal digits. The bytes never change, so it serves as a strong ETag.
  public let digest: String
  /// Bytes of the file.
  public let size: Int
  /// Where the data set begins in the file, behind the file meta information.
  public let dataSetOffset: Int
  /// (0028,0010); 0 without pixels.
  public let rows: Int
  /// (0028,0011); 0 without pixels.
  public let columns: Int
  /// Frames of the pixel data; 0 without.
  public let frameCount: Int
  /// (0020,0013).
  public let instanceNumber: Int?
  /// Where each frame's bytes lie in the file.
  public let pixelData: PixelDataLocation?
  public let receivedAt: Date
}

/// The metadata of one instance as computed when it came.
public struct MetadataRecord: Sendable {
  public let studyInstanceUID: UID
  public let seriesInstanceUID: UID
  public let sopInstanceUID: UID
  /// As in ``InstanceRecord/digest``.
  public let digest: String
  /// A DICOM JSON object (PS3.18 §F), UTF-8. Bulk data reads `"BulkDataURI":"~/…"`.
  public let json: [UInt8]
}

/// How much an archive holds.
public struct ArchiveStatistics: Sendable, Hashable {
  public let studies: Int
  public let series: Int
  public let instances: Int
  /// Bytes of all objects.
  public let bytes: Int
  /// Entries of the quarantine.
  public let quarantined: Int
  /// Free bytes of the disk above the reserve; 0 when nothing is taken.
  public let reserveLeft: Int
}
