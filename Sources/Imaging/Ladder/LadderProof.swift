import DICOM
import Foundation

/// The proof that a prepared file may stand for the received one: it is read anew as any reader would, every sample of every frame is
/// decoded and compared, and every attribute.
struct LadderProof {
  let received: ImageObject
  let layers: LayerTable
  /// What the prepared file calls its colour; nil when that did not change.
  let label: PhotometricInterpretation?
  /// Processors to use.
  var threads = 1

  /// Blocks. Throws `RefusedReason` at the first difference.
  /// - Returns: digest and size of the file, and where its frames lie.
  func run(
    path: String, _ checkpoint: () throws -> Void
  ) throws -> (digest: [UInt8], size: Int, location: PixelDataLocation) {
    let file: ObjectBytes
    let prepared: ImageObject
    do {
      file = try ObjectBytes.mapped(path: path)
      prepared = try ImageObject(file)
    } catch {
      throw RefusedReason.unreadable(String(describing: error))
    }
    guard let location = prepared.object.pixelData else { throw RefusedReason.unreadable("no frames") }
    try compareAttributes(prepared)
    for frame in 0..<received.frameCount {
      try checkpoint()
      try compareLayers(frame, location, file)
      try compareSamples(frame, prepared)
      received.forget()
      file.forget()
    }
    return (file.sha256(), file.count, location)
  }

  private func compareAttributes(_ prepared: ImageObject) throws(RefusedReason) {
    let (old, new) = (received.object, prepared.object)
    guard new.transferSyntax == .jpeg2000Lossless else { throw .attributeDiffers(.transferSyntaxUID) }
    if let tag = old.firstDifference(from: new, ignoring: PixelDataReplacement.replacedTags) {
      throw .attributeDiffers(tag)
    }
    // The replaced ones are what they should be, and nothing else.
    let expectedLabel = label?.rawValue ?? old.dataSet.string(.photometricInterpretation)
    guard new.dataSet.string(.photometricInterpretation) == expectedLabel else {
      throw .attributeDiffers(.photometricInterpretation)
    }
    let planar = old.dataSet.int(.planarConfiguration)
    let expectedPlanar = received.format.samplesPerPixel == 3 && planar == 1 ? 0 : planar
    guard new.dataSet.int(.planarConfiguration) == expectedPlanar else { throw .attributeDiffers(.planarConfiguration) }
    let meta = (old.fileMeta, new.fileMeta)
    for (tag, path) in [
      (Tag.mediaStorageSOPClassUID, \FileMeta.sopClassUID), (.mediaStorageSOPInstanceUID, \FileMeta.sopInstanceUID),
    ] {
      if let before = meta.0?[keyPath: path], meta.1?[keyPath: path] != before { throw .attributeDiffers(tag) }
    }
    var format = prepared.format
    if label != nil { format.photometricInterpretation = received.format.photometricInterpretation }
    guard format == received.format, prepared.frameCount == received.frameCount,
      layers.frames.count == received.frameCount, layers.format == received.format
    else { throw .descriptionDiffers }
  }

  /// The table leads to the frame's one fragment, and each layer but the last ends where a tile-part begins.
  private func compareLayers(_ frame: Int, _ location: PixelDataLocation, _ file: ObjectBytes) throws(RefusedReason) {
    let entry = layers.frames[frame]
    let fragments = location.fragments(of: frame)
    let length = entry.layerEnds[entry.layerEnds.count - 1]
    guard fragments.count == 1, fragments[0].lowerBound == entry.offset, fragments[0].count == length + length % 2
    else {
      throw .layersDiffer(frame: frame)
    }
    let isDivided = file.withUnsafeBytes { memory in
      entry.layerEnds.dropLast().allSatisfy { end in
        end + 2 <= length && memory[entry.offset + end] == 0xFF && memory[entry.offset + end + 1] == 0x90
      }
    }
    guard isDivided else { throw .layersDiffer(frame: frame) }
  }

  private func compareSamples(_ frame: Int, _ prepared: ImageObject) throws(RefusedReason) {
    let old: DecodedFrame
    let new: DecodedFrame
    do throws(FrameFailure) {
      old = try received.decode(frame)
      new = try prepared.decodedFrame(frame, threads: threads)
    } catch {
      throw .unreadable(error.description)
    }
    let isEqual =
      old.format == new.format
      && old.withUnsafeBytes { a in
        new.withUnsafeBytes { b in a.count == b.count && memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 }
      }
    guard isEqual else { throw .samplesDiffer(frame: frame) }
  }
}
