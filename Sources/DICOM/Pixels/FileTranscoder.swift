import CDCMTK
import Foundation

/// Rewrites whole files in another transfer syntax.
public enum FileTranscoder {
  /// Writes `path` anew in Explicit VR Little Endian, the pixels decoded; the other attributes stay as they are.
  ///
  /// `output` appears whole or not at all, and is not flushed: it can always be made again. Blocks.
  /// - Parameter transferSyntax: only `.explicitVRLittleEndian` so far.
  public static func transcode(path: String, to transferSyntax: TransferSyntax, output: String) throws(FrameFailure) {
    guard transferSyntax == .explicitVRLittleEndian else { throw .unsupportedTransferSyntax(transferSyntax.uid) }
    // DCMTK recurses while it parses: what our own bounded walk refuses (depth, counts, lengths) never gets there.
    let object: ParsedObject
    do { object = try ParsedObject.parse(try ObjectBytes.mapped(path: path)) } catch let error as ParseFailure {
      throw .damaged(error.reason)
    } catch {
      throw .unreadable(String(describing: error))
    }
    // DCMTK has no name for single deflated frames, though we can decode them.
    guard FrameDecoder.canDecode(object.transferSyntax), object.transferSyntax != .deflatedImageFrameCompression else {
      throw .unsupportedTransferSyntax(object.transferSyntax.uid)
    }
    // In big endian OW some writers swap the bytes of a 32-bit cell, others those of its two words (as DCMTK does): refused rather
    // than served wrong.
    if !object.transferSyntax.isLittleEndian, object.dataSet.int(.bitsAllocated) ?? 0 > 16 {
      throw .damaged("the byte order of 32-bit pixels in big endian is ambiguous")
    }
    let temporary = output + ".\(UInt64.random(in: 0 ... .max)).part"
    let status = rk_image_transcode(path, transferSyntax.uid.rawValue, temporary)
    guard status.code == Int32(RK_IMAGE_OK) else {
      unlink(temporary)
      throw FrameFailure(status)
    }
    guard rename(temporary, output) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      throw .unreadable(reason)
    }
  }
}

extension FrameFailure {
  /// What the shim said.
  init(_ status: rk_status, transferSyntax: TransferSyntax? = nil) {
    let text = withUnsafeBytes(of: status.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    switch Int(status.code) {
    case Int(RK_IMAGE_UNSUPPORTED): self = transferSyntax.map { .unsupportedTransferSyntax($0.uid) } ?? .damaged(text)
    case Int(RK_IMAGE_NO_MEMORY): self = .tooLarge
    case Int(RK_IMAGE_IO): self = .unreadable(text)
    default: self = .damaged(text)
    }
  }
}
