import Testing

@testable import DICOM

/// What becomes of each file that is cut, contradictory, hostile or odd.
///
/// The files come in as by import: through `Part10Receiver`, which gives them the canonical header, and then the walk.
@Suite(.enabled(if: TestData.isPresent, TestData.comment)) struct MalformedTests {
  /// nil: the object is kept.
  private static let outcomes: [(file: String, failure: ParseFailure.ReasonCode?)] = [
    // Cut: something is missing, so the sender must not hear "success".
    ("MR_truncated", .truncated), ("cut_100", .notDICOM), ("cut_132", .empty), ("cut_before_pixels", .truncated),
    ("cut_half_pixels", .truncated), ("cut_last_byte", .truncated), ("cut_mid_dataset", .truncated),
    ("deflate_cut", .truncated), ("emri_small_jpeg_2k_lossless_too_short", .unterminated),
    ("jpeg_no_end_delimiter", .unterminated), ("pixel_length_4g", .truncated), ("rtplan_truncated", .truncated),
    ("seq_never_closed", .unterminated),
    // The item lengths still count the offsets that were taken out.
    ("DICOMDIR-nooffset", .truncated),
    // Fewer pixels or frames than the description says.
    ("frames_2g", .pixelDataTooShort), ("jpeg_bot_wild", .pixelDataTooShort),
    ("jpeg_more_frames_than_data", .pixelDataTooShort), ("rows_cols_65535", .pixelDataTooShort),
    // No DICOM, or no longer.
    ("bad_vr", .unknownVR), ("bitflips_00", .unknownVR), ("bitflips_01", .truncated), ("bitflips_02", .unknownVR),
    ("deflate_garbage", .damagedDeflate), ("empty", .empty), ("magic_then_random", .truncated),
    ("pixel_undefined_native", .malformedPixelData), ("random_64k", .notDICOM), ("stray_delimiters", .strayDelimiter),
    ("text_named", .notDICOM), ("trailing_garbage", .trailingGarbage),
    // One byte short of its pixels, and that byte is taken for the next element.
    ("pixel_length_odd", .trailingGarbage),
    ("nested_300", .tooDeep), ("unknown_transfer_syntax", .unknownTransferSyntax),
    // Whole, though odd. Where the header lies about an uncompressed data set, the canonical one tells the truth.
    ("meta_says_be_is_le", nil), ("meta_says_implicit_is_explicit", nil), ("meta_missing_tsyntax", nil),
    ("meta_uid_mismatch", nil), ("sop_class_mismatch", nil), ("ct_bad_meta", nil), ("group_length_wrong", nil),
    ("no_meta_group_length", nil), ("no_meta_length_us", nil), ("no_preamble", nil), ("ExplVR_BigEndNoMeta", nil),
    ("ExplVR_LitEndNoMeta", nil), ("JLSL_RGB_ILV0", nil), ("OT-PAL-8-face", nil), ("preamble_elf", nil),
    ("preamble_mz", nil), ("preamble_pdf", nil), ("preamble_script", nil), ("DICOMDIR", nil),
    ("DICOMDIR-bigEnd", nil), ("DICOMDIR-empty", nil), ("DICOMDIR-nopatient", nil),
    // Pixels that only a decoder can judge.
    ("J2K_pixelrep_mismatch", nil), ("JPEG2000-embedded-sequence-delimiter", nil), ("bits_zero", nil),
    ("jpeg_cut", nil), ("jpeg_dims_differ", nil), ("jpeg_is_png", nil), ("rle_segments_99", nil),
    ("unknown_photometric", nil),
    // More bytes than needed.
    ("MR_small_padded", nil), ("deflate_bomb_64mb", nil), ("huge_text", nil), ("pixel_data_longer_than_rows_cols", nil),
    // Values and structures that can be read safely.
    ("UN_sequence", nil), ("badVR", nil), ("bad_dates", nil), ("bad_sequence", nil), ("crlf_in_id", nil),
    ("duplicate_tag", nil), ("empty_uids", nil), ("explicit_VR-UN", nil), ("html_in_name", nil),
    ("implicit_be_private_undefined_length", nil), ("invalid_vr_length", nil), ("nested_priv_SQ", nil),
    ("no_patient", nil), ("no_series_uid", nil), ("no_study_uid", nil), ("path_traversal_ids", nil), ("priv_SQ", nil),
    ("reportsi_with_empty_number_tags", nil), ("shell_in_name", nil), ("sql_in_name", nil), ("tags_out_of_order", nil),
    ("uid_too_long", nil), ("uid_with_letters", nil), ("unknown_sop_class", nil),
  ]

  private func outcome(of bytes: [UInt8]) throws -> ParseFailure.ReasonCode? {
    let spool = try Spool(directory: "/tmp")
    var receiver = Part10Receiver(spool: spool)
    do {
      try bytes.withUnsafeBytes { try receiver.receive($0) }
      let identity = try receiver.finish()
      _ = try spool.finish()
      let object = try ParsedObject.parse(spool.bytes())
      #expect(object.transferSyntax == identity.transferSyntax)
      #expect(String(validating: object.dataSet.json(), as: UTF8.self) != nil)
      return nil
    } catch let failure as ParseFailure { return failure.code }
  }

  @Test func everyFileHasItsOutcome() throws {
    for (file, failure) in Self.outcomes {
      let seen = try outcome(of: try TestData.bytes("malformed/\(file).dcm"))
      #expect(seen == failure, "\(file)")
    }
  }

  @Test func noFileIsForgotten() {
    let listed = Set(Self.outcomes.map { "malformed/\($0.file).dcm" })
    #expect(Set(TestData.files(in: "malformed")).subtracting(listed) == [])
  }

  @Test func patientDataDoesNotShowInReasons() throws {
    for (file, failure) in Self.outcomes where failure != nil {
      do throws(ParseFailure) {
        _ = try ParsedObject.parse(ObjectBytes(try! TestData.bytes("malformed/\(file).dcm")))
      } catch { #expect(error.reason.count < 120) }
    }
  }

  @Test func theDeflateBombCostsLittleMemory() throws {
    let object = try TestData.parse("malformed/deflate_bomb_64mb.dcm")
    #expect(object.dataSet.bytes.count > 64 << 20)
    #expect(object.pixelData?.byteCount(of: 0) == 8192)
  }
}
