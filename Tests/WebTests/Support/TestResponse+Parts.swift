import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Web

extension TestResponse {
  var bytes: [UInt8] { Array(body.readableBytesView) }
  var text: String { String(buffer: body) }

  /// The parts of a multipart answer, read by the strict reader.
  func parts() throws -> [(headers: [String: String], content: [UInt8])] {
    let type = try #require(headers[.contentType].flatMap { MediaRange($0) })
    var reader = try MultipartReader(boundary: try #require(type.values(of: "boundary").first))
    var parts: [(headers: [String: String], content: [UInt8])] = []
    try body.withUnsafeReadableBytes { bytes in
      try reader.receive(bytes) { event in
        switch event {
        case .partBegan(let headers): parts.append((headers, []))
        case .bytes(let bytes): parts[parts.count - 1].content += bytes
        case .partEnded: break
        }
      }
    }
    try reader.finish()
    return parts
  }

  /// The body as DICOM JSON.
  func dataSets() throws -> [[String: JSONElement]] {
    try JSONDecoder().decode([[String: JSONElement]].self, from: Data(bytes))
  }

  func dataSet() throws -> [String: JSONElement] {
    try JSONDecoder().decode([String: JSONElement].self, from: Data(bytes))
  }
}

/// One element of DICOM JSON, as far as tests look.
struct JSONElement: Decodable {
  enum Item: Decodable, Equatable {
    case text(String)
    case number(Double)
    case other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .text(text)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else if let name = try? container.decode([String: String].self), let text = name["Alphabetic"] {
        self = .text(text)
      } else {
        self = .other
      }
    }
  }

  let vr: String
  let values: [Item]?
  let bulkDataURI: String?

  private enum CodingKeys: String, CodingKey {
    case vr
    case values = "Value"
    case bulkDataURI = "BulkDataURI"
  }

  var text: String? {
    guard case .text(let text) = values?.first else { return nil }
    return text
  }
}
