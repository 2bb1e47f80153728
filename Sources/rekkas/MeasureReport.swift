import Foundation
import Imaging

/// What was measured of one image, as a table for people or JSON for programs.
struct MeasureReport {
  let path: String
  let modality: String?
  /// The profile's rule that chose the layers; nil when the command line did.
  let rule: String?
  let notes: [String]
  let measure: LadderMeasure

  /// A heading, the table, and notes.
  var table: String {
    let format = measure.format
    var heading = [path]
    if let modality { heading.append(modality) }
    heading.append("\(format.columns) x \(format.rows)")
    if measure.frameCount > 1 { heading.append("frame \(measure.frame + 1) of \(measure.frameCount)") }
    heading.append(
      "\(format.samplesPerPixel > 1 ? "3 x " : "")\(format.bitsStored) bits\(format.isSigned ? " signed" : "")")
    heading.append("\(format.photometricInterpretation.rawValue), range \(measure.range)")
    var lines = [heading.joined(separator: " · ")]
    if let rule { lines.append("layers by rule \"\(rule)\"") }
    var rows = [["", "bytes", "ratio", "PSNR dB", "SSIM", "error", "encode ms", "decode ms"]]
    rows[0] += LadderMeasure.linkSpeeds.map { "s @ \($0)k" }
    rows += measure.steps.map(row)
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = row.enumerated().map { index, cell in
        let space = String(repeating: " ", count: widths[index] - cell.count)
        return index == 0 ? cell + space : space + cell
      }
      lines.append("  " + cells.joined(separator: "  "))
    }
    return (lines + allNotes.map { "  note: \($0)" } + [""]).joined(separator: "\n")
  }

  private var allNotes: [String] {
    var all = notes
    if measure.needsAllBits {
      all.append("something lies above the stored bits (an overlay?), so a hub leaves this image as received")
    }
    if measure.format.photometricInterpretation == .paletteColor {
      all.append("palette image: errors are of the indices, and a wrong index is a wrong colour")
    }
    return all
  }

  private func row(_ step: LadderMeasure.Step) -> [String] {
    let comparison = step.comparison
    let isExact = comparison?.differing == 0 || comparison == nil
    return [
      step.label, MeasureText.grouped(step.bytes),
      MeasureText.decimals(Double(measure.format.frameLength) / Double(step.bytes), 1),
      isExact ? "exact" : MeasureText.decimals(comparison?.psnr ?? 0, 1),
      isExact ? "1" : MeasureText.decimals(comparison?.ssim ?? 0, 4),
      String(comparison?.greatestError ?? 0),
      step.encodeTime.map { MeasureText.decimals($0.milliseconds, 1) } ?? "",
      step.decodeTime.map { MeasureText.decimals($0.milliseconds, 1) } ?? "",
    ]
      + LadderMeasure.linkSpeeds.map {
        MeasureText.seconds(LadderMeasure.seconds(bytes: step.bytes, kilobitsPerSecond: $0))
      }
  }

  /// Several images in a few lines: how many bytes each way takes, and how near the layers come.
  static func summary(_ reports: [MeasureReport]) -> String {
    var order: [String] = []
    var groups: [String: [LadderMeasure.Step]] = [:]
    var raw: [String: Int] = [:]
    var decibels: [String: [Double]] = [:]
    for report in reports {
      for step in report.measure.steps {
        if groups[step.label] == nil { order.append(step.label) }
        groups[step.label, default: []].append(step)
        raw[step.label, default: 0] += report.measure.format.frameLength
        // The distance of two palette indices says nothing of the colours' distance.
        guard report.measure.format.photometricInterpretation != .paletteColor else { continue }
        if let psnr = step.comparison?.psnr, psnr.isFinite { decibels[step.label, default: []].append(psnr) }
      }
    }
    let layers = order.filter { $0.hasPrefix("layer") }.sorted()
    var lines = ["\(reports.count) images"]
    for label in layers + order.filter({ !$0.hasPrefix("layer") }) {
      guard let steps = groups[label] else { continue }
      let bytes = steps.reduce(0) { $0 + $1.bytes }
      let ratio = MeasureText.decimals(Double(raw[label] ?? 0) / Double(bytes), 2)
      var line =
        "  \(label.padding(toLength: 9, withPad: " ", startingAt: 0)) \(MeasureText.grouped(bytes)) bytes, \(ratio):1"
      let psnr = decibels[label, default: []].sorted()
      if let least = psnr.first {
        line += ", PSNR \(MeasureText.decimals(least, 1)) dB at least, "
        line += "\(MeasureText.decimals(psnr[psnr.count / 2], 1)) in the middle"
      }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }
}

extension LadderMeasure.Step {
  /// The row's name.
  var label: String {
    switch kind {
    case .layers(let count): "layer \(count)"
    case .lossless: "lossless"
    case .jpegLS: "JPEG-LS"
    case .deflate: "deflate"
    case .raw: "raw"
    }
  }
}

extension Duration {
  var milliseconds: Double { Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15 }
}

extension MeasureReport {
  private struct Document: Encodable {
    let images: [Image]
    let failures: [Failure]
  }

  private struct Failure: Encodable {
    let path: String
    let reason: String
  }

  private struct Image: Encodable {
    let path: String
    let modality: String?
    let rule: String?
    let frame: Int
    let frames: Int
    let columns: Int
    let rows: Int
    let samplesPerPixel: Int
    let bitsStored: Int
    let photometricInterpretation: String
    let range: Int
    let notes: [String]
    let steps: [Step]
  }

  private struct Step: Encodable {
    let name: String
    let bytes: Int
    let ratio: Double
    let isExact: Bool
    /// Absent where nothing differs: it would be infinite.
    let psnr: Double?
    let ssim: Double
    let greatestError: Int
    let encodeMilliseconds: Double?
    let decodeMilliseconds: Double?
    let secondsByKilobitsPerSecond: [String: Double]
  }

  /// All reports as one JSON object; keys sorted, frames counted from 1.
  static func json(_ reports: [MeasureReport], _ failures: [(path: String, why: String)]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let document = Document(
      images: reports.map(\.image), failures: failures.map { Failure(path: $0.path, reason: $0.why) })
    return String(decoding: try encoder.encode(document), as: UTF8.self)
  }

  private var image: Image {
    let format = measure.format
    return Image(
      path: path, modality: modality, rule: rule, frame: measure.frame + 1, frames: measure.frameCount,
      columns: format.columns, rows: format.rows, samplesPerPixel: format.samplesPerPixel,
      bitsStored: format.bitsStored, photometricInterpretation: format.photometricInterpretation.rawValue,
      range: measure.range, notes: allNotes,
      steps: measure.steps.map { step in
        Step(
          name: step.label, bytes: step.bytes, ratio: Double(format.frameLength) / Double(step.bytes),
          isExact: (step.comparison?.differing ?? 0) == 0,
          psnr: step.comparison.flatMap { $0.psnr.isFinite ? $0.psnr : nil }, ssim: step.comparison?.ssim ?? 1,
          greatestError: step.comparison?.greatestError ?? 0, encodeMilliseconds: step.encodeTime?.milliseconds,
          decodeMilliseconds: step.decodeTime?.milliseconds,
          secondsByKilobitsPerSecond: Dictionary(
            uniqueKeysWithValues: LadderMeasure.linkSpeeds.map {
              (String($0), LadderMeasure.seconds(bytes: step.bytes, kilobitsPerSecond: $0))
            }))
      })
  }
}
