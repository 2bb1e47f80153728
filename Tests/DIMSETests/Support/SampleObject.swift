import DICOM

/// A small object with everything an archive asks for.
struct SampleObject {
  var sopClass = SOPClass.ctImageStorage
  var study = UID.generate()
  var series = UID.generate()
  var instance = UID.generate()
  var transferSyntax = TransferSyntax.explicitVRLittleEndian
  /// 16 bit grayscale.
  var rows: UInt16 = 8
  var columns: UInt16 = 8
  /// Fills the pixels.
  var seed: UInt8 = 1

  var writer: DataSetWriter {
    var writer = DataSetWriter()
    writer.uid(.sopClassUID, sopClass)
    writer.uid(.sopInstanceUID, instance)
    writer.string(.modality, .cs, "CT")
    writer.string(.patientName, .pn, "Sample^Object")
    writer.string(.patientID, .lo, "SAMPLE")
    writer.uid(.studyInstanceUID, study)
    writer.uid(.seriesInstanceUID, series)
    writer.string(.instanceNumber, .is, "1")
    writer.uint16(.samplesPerPixel, [1])
    writer.string(.photometricInterpretation, .cs, "MONOCHROME2")
    writer.uint16(.rows, [rows])
    writer.uint16(.columns, [columns])
    writer.uint16(.bitsAllocated, [16])
    writer.uint16(.bitsStored, [12])
    writer.uint16(.highBit, [11])
    writer.uint16(.pixelRepresentation, [0])
    let pixels = (0..<Int(rows) * Int(columns) * 2).map { $0 % 2 == 0 ? UInt8(truncatingIfNeeded: $0) &+ seed : 0 }
    if transferSyntax.isEncapsulated {
      writer.encapsulatedPixelData(frames: [pixels])
    } else {
      writer.bytes(.pixelData, .ow, pixels)
    }
    return writer
  }

  /// What goes over the wire.
  var dataSet: [UInt8] { writer.dataSet(transferSyntax: transferSyntax) }

  /// What the archive must keep: our header, then the data set as received.
  var keptFile: [UInt8] {
    FileMeta.canonicalHeader(sopClassUID: sopClass, sopInstanceUID: instance, transferSyntax: transferSyntax) + dataSet
  }
}
