/// What an export consists of; written last. JSON.
struct CourierManifest: Codable, Equatable {
  /// The format of the folder.
  var version = 1
  var site: String
  /// Names of the chunk files, in the order in which they are applied.
  var chunks: [String]
  /// Objects that are in the chunks, and their bytes.
  var objects: Int
  var bytes: Int
  var cases: Int
  /// Whether everything that waited at the site is here: else the carrier was too small.
  var isEverything: Bool

  /// Whether it is one that this version can follow; none of its values is used before.
  var isInOrder: Bool {
    version == 1 && chunks.count <= Courier.mostChunks && chunks.allSatisfy { CourierFolder.isFileName($0) }
      && [objects, bytes, cases].allSatisfy { (0...1 << 60).contains($0) }
  }
}

/// What the hub writes back. JSON.
struct CourierReceiptList: Codable, Equatable {
  /// Digests of objects that are whole, proven and on the hub's disk.
  var receipts: [String]
  var cases: [CaseReceipt]
  /// Objects that the hub does not take, with its reason.
  var refused: [String: String]
}
