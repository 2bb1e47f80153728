import DICOM
import Foundation

@testable import Web

extension FuzzTarget {
  /// Lines are the values of Accept headers.
  static let accept = FuzzTarget(
    run: { input in
      let ranges = String(decoding: input, as: UTF8.self).split(separator: "\n").flatMap { MediaRange.list(String($0)) }
      _ = ranges.map { $0.covers("application/dicom") }
      _ = ranges.map { $0.values(of: "transfer-syntax") }
      _ = try? PictureForm(ranges)
    },
    seeds: [
      .init(text: "multipart/related; type=\"application/dicom\"; transfer-syntax=*, image/jpeg;q=0.8"),
      .init(text: "multipart/related;type=application/octet-stream;transfer-syntax=1.2.840.10008.1.2.1;q=1.0,*/*;q=0"),
      .init(text: "image/png ; quality=\"a\\\"b;,\" , text/*"),
    ])

  /// A query, and after a line feed another header or path piece.
  static let query = FuzzTarget(
    run: { input in
      let lines = String(decoding: input, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      let query = QueryString(lines.first.map(String.init))
      _ = query.canonical
      _ = try? SearchParameters(query, level: .instances, study: nil, series: nil, maximum: 1000)
      _ = try? RenderParameters(query)
      guard lines.count > 1 else { return }
      let text = String(lines[1])
      _ = try? DICOMweb.frameNumbers(text)
      _ = ByteRange(text, length: 1000)
      _ = AttributePath(text)
      match(query.pairs.first?.value ?? "", text)
    },
    seeds: [
      .init(text: "PatientName=Ben%20*&00100020=12?&StudyDate=20200101-20201231&includefield=all&limit=10\n1,2,3"),
      .init(text: "viewport=128,128,,10,-5.5,20&window=40,400,linear&quality=50\nbytes=10-20"),
      .init(text: "00081199.00081155=1.2.3&fuzzymatching=true&offset=3\n00091001/0/00091010"),
    ])

  /// A multipart body with the boundary "B" that arrives in pieces; their size is the first byte.
  static let multipart = FuzzTarget(
    run: { input in
      guard let first = input.first, var reader = try? MultipartReader(boundary: "B") else { return }
      var depth = 0
      var contents = 0
      do {
        var rest = input.dropFirst()
        while !rest.isEmpty {
          try reader.receive(UnsafeRawBufferPointer(rebasing: rest.prefix(Int(first) + 1))) { event in
            switch event {
            case .partBegan:
              precondition(depth == 0)
              depth = 1
            case .bytes(let bytes):
              precondition(depth == 1)
              contents += bytes.count
            case .partEnded:
              precondition(depth == 1)
              depth = 0
            }
          }
          rest = rest.dropFirst(Int(first) + 1)
        }
        try reader.finish()
        precondition(depth == 0)
      } catch {}
      precondition(contents <= input.count)
    },
    seeds: [
      [7] + .init(text: "\r\n--B\r\nContent-Type: application/dicom\r\n\r\nbytes\r\n--X\r\n--B\r\n\r\n\r\n--B--\r\n"),
      [200] + .init(text: "preamble\r\n--B \t\r\nA: b\r\n c\r\n\r\n\r\n--B--epilogue"),
    ])
}
