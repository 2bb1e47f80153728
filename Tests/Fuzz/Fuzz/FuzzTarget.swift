import Foundation

/// One parser that reads bytes of strangers: what libFuzzer feeds, and what it starts from.
///
/// A target may throw away any input; it must neither crash nor hang, nor allocate by a number it has not checked. Where a parser
/// promises more (a round trip, ranges inside the input), the target checks it with `precondition`.
struct FuzzTarget: Sendable {
  let run: @Sendable (UnsafeRawBufferPointer) -> Void
  /// Inputs to start from, besides what is taken from images.
  var seeds: [[UInt8]] = []
  /// What of an image file is a seed; nil for nothing.
  var seed: (@Sendable ([UInt8]) -> [UInt8]?)?

  nonisolated(unsafe) static var chosen = FuzzTarget { _ in }

  /// By the name that `Scripts/fuzz` takes.
  static let all: [String: FuzzTarget] = [
    "accept": accept, "announcement": announcement, "answer": answer, "association": association, "batch": batch,
    "characters": characters, "coded": coded, "codestream": codestream, "command": command, "courier": courier,
    "credentials": credentials,
    "dataset": dataset, "form": form, "index": index, "inflate": inflate, "journal": journal, "ladder": ladder,
    "multipart": multipart, "picture": picture, "profile": profile, "query": query, "receiver": receiver,
    "worker": worker,
  ]

  /// Writes seeds into a folder; `images` is a folder of DICOM files, of which the small ones are taken.
  func writeSeeds(to folder: String, images: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    func write(_ bytes: [UInt8], _ name: String) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    for (number, bytes) in seeds.enumerated() { try write(bytes, "seed-\(number)") }
    guard let seed else { return }
    for name in try FileManager.default.contentsOfDirectory(atPath: images).sorted() where name.hasSuffix(".dcm") {
      let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(images)/\(name)")))
      if let bytes = seed(file), bytes.count < 1 << 20 { try write(bytes, name) }
    }
  }
}

extension Array where Element == UInt8 {
  init(text: String) { self = Array(text.utf8) }
}
