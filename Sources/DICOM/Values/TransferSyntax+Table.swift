extension TransferSyntax {
  // The table of PS3.6, retired syntaxes too, and the Papyrus one apart: it was withdrawn before anybody could use it.
  // "Lossy" follows the syntax, not the object: JPEG 2000 (.91) may well hold exact pixels.
  // The last five kinds (MIME, XML, SMPTE) are names only: no stored object is written in them.

  public static let implicitVRLittleEndian = TransferSyntax(
    "1.2.840.10008.1.2", "Implicit VR Little Endian", explicit: false)
  public static let explicitVRLittleEndian = TransferSyntax("1.2.840.10008.1.2.1", "Explicit VR Little Endian")
  public static let encapsulatedUncompressedExplicitVRLittleEndian = TransferSyntax(
    "1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian",
    encapsulated: "application/octet-stream")
  public static let deflatedExplicitVRLittleEndian = TransferSyntax(
    "1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", deflated: true)
  public static let explicitVRBigEndian = TransferSyntax(
    "1.2.840.10008.1.2.2", "Explicit VR Big Endian (retired)", littleEndian: false)
  public static let jpegBaseline = TransferSyntax(
    "1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)", encapsulated: "image/jpeg", lossy: true)
  public static let jpegExtended = TransferSyntax(
    "1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 and 4)", encapsulated: "image/jpeg", lossy: true)
  public static let jpegExtendedProcess3And5 = TransferSyntax(
    "1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 and 5, retired)", encapsulated: "image/jpeg", lossy: true)
  public static let jpegSpectralSelectionProcess6And8 = TransferSyntax(
    "1.2.840.10008.1.2.4.53", "JPEG Spectral Selection (Process 6 and 8, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegSpectralSelectionProcess7And9 = TransferSyntax(
    "1.2.840.10008.1.2.4.54", "JPEG Spectral Selection (Process 7 and 9, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegFullProgressionProcess10And12 = TransferSyntax(
    "1.2.840.10008.1.2.4.55", "JPEG Full Progression (Process 10 and 12, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegFullProgressionProcess11And13 = TransferSyntax(
    "1.2.840.10008.1.2.4.56", "JPEG Full Progression (Process 11 and 13, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegLossless = TransferSyntax(
    "1.2.840.10008.1.2.4.57", "JPEG Lossless (Process 14)", encapsulated: "image/jpeg")
  public static let jpegLosslessProcess15 = TransferSyntax(
    "1.2.840.10008.1.2.4.58", "JPEG Lossless (Process 15, retired)", encapsulated: "image/jpeg")
  public static let jpegExtendedHierarchicalProcess16And18 = TransferSyntax(
    "1.2.840.10008.1.2.4.59", "JPEG Extended Hierarchical (Process 16 and 18, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegExtendedHierarchicalProcess17And19 = TransferSyntax(
    "1.2.840.10008.1.2.4.60", "JPEG Extended Hierarchical (Process 17 and 19, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegSpectralSelectionHierarchicalProcess20And22 = TransferSyntax(
    "1.2.840.10008.1.2.4.61", "JPEG Spectral Selection Hierarchical (Process 20 and 22, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegSpectralSelectionHierarchicalProcess21And23 = TransferSyntax(
    "1.2.840.10008.1.2.4.62", "JPEG Spectral Selection Hierarchical (Process 21 and 23, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegFullProgressionHierarchicalProcess24And26 = TransferSyntax(
    "1.2.840.10008.1.2.4.63", "JPEG Full Progression Hierarchical (Process 24 and 26, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegFullProgressionHierarchicalProcess25And27 = TransferSyntax(
    "1.2.840.10008.1.2.4.64", "JPEG Full Progression Hierarchical (Process 25 and 27, retired)",
    encapsulated: "image/jpeg", lossy: true)
  public static let jpegLosslessHierarchicalProcess28 = TransferSyntax(
    "1.2.840.10008.1.2.4.65", "JPEG Lossless Hierarchical (Process 28, retired)", encapsulated: "image/jpeg")
  public static let jpegLosslessHierarchicalProcess29 = TransferSyntax(
    "1.2.840.10008.1.2.4.66", "JPEG Lossless Hierarchical (Process 29, retired)", encapsulated: "image/jpeg")
  public static let jpegLosslessSV1 = TransferSyntax(
    "1.2.840.10008.1.2.4.70", "JPEG Lossless, First-Order Prediction (Process 14, Selection Value 1)",
    encapsulated: "image/jpeg")
  public static let jpegLSLossless = TransferSyntax(
    "1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", encapsulated: "image/jls")
  public static let jpegLSNearLossless = TransferSyntax(
    "1.2.840.10008.1.2.4.81", "JPEG-LS Near-Lossless", encapsulated: "image/jls", lossy: true)
  public static let jpeg2000Lossless = TransferSyntax(
    "1.2.840.10008.1.2.4.90", "JPEG 2000 (Lossless Only)", encapsulated: "image/jp2")
  public static let jpeg2000 = TransferSyntax(
    "1.2.840.10008.1.2.4.91", "JPEG 2000", encapsulated: "image/jp2", lossy: true)
  public static let jpeg2000MultiComponentLossless = TransferSyntax(
    "1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Multi-component (Lossless Only)", encapsulated: "image/jpx")
  public static let jpeg2000MultiComponent = TransferSyntax(
    "1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2 Multi-component", encapsulated: "image/jpx", lossy: true)
  public static let jpipReferenced = TransferSyntax("1.2.840.10008.1.2.4.94", "JPIP Referenced", lossy: true)
  public static let jpipReferencedDeflate = TransferSyntax(
    "1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", deflated: true, lossy: true)
  public static let mpeg2MainProfileMainLevel = TransferSyntax(
    "1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level", encapsulated: "video/mpeg", lossy: true, video: true)
  public static let fragmentableMpeg2MainProfileMainLevel = TransferSyntax(
    "1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level",
    encapsulated: "video/mpeg", lossy: true, video: true)
  public static let mpeg2MainProfileHighLevel = TransferSyntax(
    "1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level", encapsulated: "video/mpeg", lossy: true, video: true)
  public static let fragmentableMpeg2MainProfileHighLevel = TransferSyntax(
    "1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level",
    encapsulated: "video/mpeg", lossy: true, video: true)
  public static let mpeg4HighProfile41 = TransferSyntax(
    "1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let fragmentableMpeg4HighProfile41 = TransferSyntax(
    "1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let mpeg4BDCompatibleHighProfile41 = TransferSyntax(
    "1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let fragmentableMpeg4BDCompatibleHighProfile41 = TransferSyntax(
    "1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let mpeg4HighProfile42For2DVideo = TransferSyntax(
    "1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let fragmentableMpeg4HighProfile42For2DVideo = TransferSyntax(
    "1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let mpeg4HighProfile42For3DVideo = TransferSyntax(
    "1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let fragmentableMpeg4HighProfile42For3DVideo = TransferSyntax(
    "1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let mpeg4StereoHighProfile42 = TransferSyntax(
    "1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let fragmentableMpeg4StereoHighProfile42 = TransferSyntax(
    "1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let hevcMainProfile51 = TransferSyntax(
    "1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let hevcMain10Profile51 = TransferSyntax(
    "1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1",
    encapsulated: "video/mp4", lossy: true, video: true)
  public static let jpegXLLossless = TransferSyntax(
    "1.2.840.10008.1.2.4.110", "JPEG XL Lossless", encapsulated: "image/jxl")
  public static let jpegXLJPEGRecompression = TransferSyntax(
    "1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", encapsulated: "image/jxl", lossy: true)
  public static let jpegXL = TransferSyntax(
    "1.2.840.10008.1.2.4.112", "JPEG XL", encapsulated: "image/jxl", lossy: true)
  public static let htj2kLossless = TransferSyntax(
    "1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 (Lossless Only)", encapsulated: "image/jphc")
  public static let htj2kLosslessRPCL = TransferSyntax(
    "1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)",
    encapsulated: "image/jphc")
  public static let htj2k = TransferSyntax(
    "1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000", encapsulated: "image/jphc", lossy: true)
  public static let jpipHTJ2KReferenced = TransferSyntax(
    "1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced", lossy: true)
  public static let jpipHTJ2KReferencedDeflate = TransferSyntax(
    "1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate", deflated: true, lossy: true)
  public static let rleLossless = TransferSyntax("1.2.840.10008.1.2.5", "RLE Lossless", encapsulated: "image/dicom-rle")
  public static let rfc2557MIMEEncapsulation = TransferSyntax(
    "1.2.840.10008.1.2.6.1", "RFC 2557 MIME Encapsulation (retired)")
  public static let xmlEncoding = TransferSyntax("1.2.840.10008.1.2.6.2", "XML Encoding (retired)")
  public static let smpteST211020Progressive = TransferSyntax(
    "1.2.840.10008.1.2.7.1", "SMPTE ST 2110-20 Uncompressed Progressive Active Video")
  public static let smpteST211020Interlaced = TransferSyntax(
    "1.2.840.10008.1.2.7.2", "SMPTE ST 2110-20 Uncompressed Interlaced Active Video")
  public static let smpteST211030 = TransferSyntax("1.2.840.10008.1.2.7.3", "SMPTE ST 2110-30 PCM Digital Audio")
  public static let deflatedImageFrameCompression = TransferSyntax(
    "1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", encapsulated: "application/x-deflate")

  /// Every transfer syntax of PS3.6, in the order of its table.
  public static let all: [TransferSyntax] = [
    .implicitVRLittleEndian, .explicitVRLittleEndian, .encapsulatedUncompressedExplicitVRLittleEndian,
    .deflatedExplicitVRLittleEndian, .explicitVRBigEndian, .jpegBaseline, .jpegExtended, .jpegExtendedProcess3And5,
    .jpegSpectralSelectionProcess6And8, .jpegSpectralSelectionProcess7And9, .jpegFullProgressionProcess10And12,
    .jpegFullProgressionProcess11And13, .jpegLossless, .jpegLosslessProcess15, .jpegExtendedHierarchicalProcess16And18,
    .jpegExtendedHierarchicalProcess17And19, .jpegSpectralSelectionHierarchicalProcess20And22,
    .jpegSpectralSelectionHierarchicalProcess21And23, .jpegFullProgressionHierarchicalProcess24And26,
    .jpegFullProgressionHierarchicalProcess25And27, .jpegLosslessHierarchicalProcess28,
    .jpegLosslessHierarchicalProcess29, .jpegLosslessSV1, .jpegLSLossless, .jpegLSNearLossless, .jpeg2000Lossless,
    .jpeg2000, .jpeg2000MultiComponentLossless, .jpeg2000MultiComponent, .jpipReferenced, .jpipReferencedDeflate,
    .mpeg2MainProfileMainLevel, .fragmentableMpeg2MainProfileMainLevel, .mpeg2MainProfileHighLevel,
    .fragmentableMpeg2MainProfileHighLevel, .mpeg4HighProfile41, .fragmentableMpeg4HighProfile41,
    .mpeg4BDCompatibleHighProfile41, .fragmentableMpeg4BDCompatibleHighProfile41, .mpeg4HighProfile42For2DVideo,
    .fragmentableMpeg4HighProfile42For2DVideo, .mpeg4HighProfile42For3DVideo,
    .fragmentableMpeg4HighProfile42For3DVideo, .mpeg4StereoHighProfile42, .fragmentableMpeg4StereoHighProfile42,
    .hevcMainProfile51, .hevcMain10Profile51, .jpegXLLossless, .jpegXLJPEGRecompression, .jpegXL, .htj2kLossless,
    .htj2kLosslessRPCL, .htj2k, .jpipHTJ2KReferenced, .jpipHTJ2KReferencedDeflate, .rleLossless,
    .rfc2557MIMEEncapsulation, .xmlEncoding, .smpteST211020Progressive, .smpteST211020Interlaced, .smpteST211030,
    .deflatedImageFrameCompression,
  ]
}
