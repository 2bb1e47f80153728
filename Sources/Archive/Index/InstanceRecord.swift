import DICOM
import Foundation
import Imaging

/// What the index knows of one kept object: enough to serve its bytes.
public struct InstanceRecord: Sendable {
  public let studyInstanceUID: UID
  public let seriesInstanceUID: UID
  public let sopInstanceUID: UID
  public let sopClassUID: UID
  /// Of the file that is kept now.
  public let transferSyntax: TransferSyntax
  /// SHA-256 of the file that is kept now, 64 lower-case hexadecimal digits: a strong ETag. It changes once at most, when a
  /// prepared file takes the received one's place.
  public let digest: String
  /// SHA-256 of the file as it was received; never changes.
  public let receivedDigest: String
  /// Bytes of the file that is kept now.
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
  /// Where the frames and their quality layers lie, when the file kept now is a prepared one.
  public let layers: LayerTable?
  /// Where its codestreams may be decoded: in this process only when this archive prepared and proved the file itself. An index that
  /// was made again cannot tell.
  public let decodedIn: PictureSource.Decoding
  /// Whether the received file lies beside the prepared one that is kept now. It may go at any time: see ``Archive/receivedPath(of:)``.
  public let hasReceivedFile: Bool
  /// How much is here while the object comes over a thin link; nil when it is whole. What is not whole has no file: ``digest`` and
  /// ``size`` are those that it will have.
  public let arrival: ArrivalProgress?
  public let receivedAt: Date
  /// Keeps the file there; nil only in ``RecentRecords``.
  var lease: ReadLease?
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
  /// Whether the object is still coming over a thin link: then the metadata is that of its header.
  public let isArriving: Bool
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
