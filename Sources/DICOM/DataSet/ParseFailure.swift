/// Why bytes were not accepted as a DICOM object.
public struct ParseFailure: Error, Hashable, Sendable {
  /// The kind of failure, short and stable: for quarantine, metrics and tests.
  public enum ReasonCode: String, Hashable, Sendable, Codable, CaseIterable {
    /// No byte, or a file meta information and nothing after it.
    case empty
    /// Nothing in the bytes looks like DICOM.
    case notDICOM
    /// The file meta information or the association names a transfer syntax that PS3.6 does not have.
    case unknownTransferSyntax
    /// The data set is written otherwise than its transfer syntax says.
    case encodingMismatch
    /// A value, an item or a sequence ends behind the end of what holds it.
    case truncated
    /// A sequence or pixel data of undefined length never ends.
    case unterminated
    /// A delimiter stands where nothing is open.
    case strayDelimiter
    /// Something other than an item stands in a sequence.
    case malformedSequence
    /// The letters of a value representation are none.
    case unknownVR
    /// A length is undefined where that is not allowed.
    case invalidLength
    case malformedPixelData
    /// Pixel Data holds less than Rows × Columns × … say, or fewer frames.
    case pixelDataTooShort
    /// Bytes after the data set that are neither elements nor padding.
    case trailingGarbage
    case damagedDeflate
    case inflatesTooLarge
    case tooDeep
    case tooManyElements
    /// Room for the inflated data set could not be had: our fault, not the object's.
    case outOfSpace
  }

  public let code: ReasonCode
  /// The attribute at which it was seen.
  public let tag: Tag?
  /// The offset at which it was seen: in the file, or in the inflated data set.
  public let offset: Int?

  init(_ code: ReasonCode, tag: Tag? = nil, offset: Int? = nil) {
    self.code = code
    self.tag = tag
    self.offset = offset
  }

  /// One short sentence for people; never a value of an attribute.
  public var reason: String {
    var text = code.sentence
    if let tag { text += " at \(tag)" }
    if let offset { text += ", offset \(offset)" }
    return text
  }
}

extension ParseFailure: CustomStringConvertible {
  /// The code and the reason.
  public var description: String { "\(code.rawValue): \(reason)" }
}

extension ParseFailure.ReasonCode {
  fileprivate var sentence: String {
    switch self {
    case .empty: "there is no data set"
    case .notDICOM: "this is not DICOM"
    case .unknownTransferSyntax: "the transfer syntax is unknown"
    case .encodingMismatch: "the data set is not written in its transfer syntax"
    case .truncated: "the data ends inside a value"
    case .unterminated: "a sequence or the pixel data never ends"
    case .strayDelimiter: "a delimiter stands outside of any sequence"
    case .malformedSequence: "a sequence holds something other than items"
    case .unknownVR: "unknown value representation"
    case .invalidLength: "undefined length where none is allowed"
    case .malformedPixelData: "encapsulated pixel data is malformed"
    case .pixelDataTooShort: "the pixel data is shorter than its description says"
    case .trailingGarbage: "there is something else behind the data set"
    case .damagedDeflate: "the deflated data set is damaged"
    case .inflatesTooLarge: "the deflated data set grows beyond the limit"
    case .tooDeep: "sequences are nested too deeply"
    case .tooManyElements: "there are too many elements"
    case .outOfSpace: "no room to inflate the data set"
    }
  }
}
