import DICOM

/// The frames of a prepared object as they lie uncompressed in the received file beside it.
///
/// That file is foreign, but no decoder meets it: our own bounded walk finds the frames, and their bytes are copied.
struct ReceivedFrames {
  private let object: ImageObject
  private let format: FrameFormat

  /// nil when the received file is gone, or is not what the prepared one was made of.
  init?(_ source: PictureSource, _ table: LayerTable) {
    guard let received = source.received, let object = try? ImageObject(path: received),
      !object.object.transferSyntax.isEncapsulated, object.format == table.format,
      object.frameCount == table.frames.count
    else { return nil }
    self.object = object
    format = table.format
  }

  /// Stored values, colour by pixel; nil when the file says otherwise than the table.
  func frame(_ number: Int) -> DecodedFrame? {
    guard let frame = try? object.decode(number), frame.format == format else { return nil }
    return frame
  }
}
