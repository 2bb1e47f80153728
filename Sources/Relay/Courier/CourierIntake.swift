import Archive

/// Makes batches for the hub of a courier's chunks, and gathers what it answers.
struct CourierIntake {
  /// How an object of a chunk stands at the hub.
  private enum Stand {
    case wanted(have: ByteRanges)
    /// Whole, or not taken.
    case settled
  }

  private(set) var receipts: Set<String> = []
  private(set) var cases: [CaseReceipt] = []
  private(set) var refused: [String: String] = [:]
  private var link: CourierLink
  private let limits: CourierLink.Limits
  /// Objects that the hub had whole when they were announced first.
  private var before: Set<String> = []
  private var announced: Set<String> = []
  /// Bytes of objects that were read.
  private var bytes = 0

  // Of the chunk at hand.
  private var stands: [UInt64: Stand] = [:]
  private var objects: [ArrivingObject] = []
  private var writer = BatchWriter()
  /// Records of the batch that announce.
  private var announcements: [ArrivingObject] = []
  private var unknown: Set<UInt64> = []
  private var isDamaged = false

  /// - Throws: ``CourierFailure``.
  init(link: CourierLink, site: String) async throws {
    self.link = link
    limits = try await self.link.limits()
  }

  /// What came of all chunks.
  func fill(_ report: inout CourierImport.Report) {
    report.objects = receipts.count
    report.before = before.count
    report.cases = cases.count
    report.refused = refused
    report.wanting = announced.subtracting(receipts).subtracting(refused.keys).count
  }

  /// Hands a chunk over. False when something of it could not be used.
  ///
  /// - Parameter progress: called with the bytes and the whole objects of all chunks.
  /// - Throws: ``CourierFailure`` when the hub takes no more.
  mutating func take(_ content: [UInt8], progress: (Int, Int) -> Void) async throws -> Bool {
    (stands, objects, announcements, unknown, isDamaged) = ([:], [], [], [], false)
    writer = BatchWriter()
    guard var reader = try? BatchReader(content, limits: Courier.limits) else { return false }
    do {
      while let item = try reader.next() {
        switch item {
        case .record(let record): try await hand(over: record)
        case .damaged: isDamaged = true
        // A newer site says something that this hub does not know.
        case .unknown: break
        }
        progress(bytes, receipts.count)
      }
    } catch is BatchFailure {
      isDamaged = true
    }
    try await send()
    try await askAgain()
    progress(bytes, receipts.count)
    return !isDamaged
  }

  private mutating func hand(over record: BatchRecord) async throws {
    switch record {
    case .announce(let list):
      // Alone: its answer says what of the rest is wanted.
      try await send()
      announcements = list
      objects += list
      announced.formUnion(list.map(\.digest))
      try await add(record)
      try await send()
      announcements = []
    case .form, .manifest: try await add(record)
    case .segment(let segment): try await add(segment)
    case .headers(let headers):
      for header in headers { try await add(BatchSegment(object: header.object, offset: 0, bytes: header.bytes)) }
    // A courier does not say how a site is, and hears no wishes.
    case .health, .heard: break
    }
  }

  private mutating func add(_ record: BatchRecord) async throws {
    var part = BatchWriter()
    guard (try? part.append(record)) != nil, part.count <= limits.bytes else {
      isDamaged = true
      return
    }
    // Few enough that all together unpack to what a hub takes.
    if writer.count + part.count > limits.bytes || writer.records >= min(limits.records, 256) { try await send() }
    _ = try? writer.append(record)
  }

  /// Adds what of a range is wanted.
  private mutating func add(_ segment: BatchSegment) async throws {
    var rest = segment.bytes
    var offset = segment.offset
    while !rest.isEmpty {
      let piece = rest.prefix(Courier.pieceSize)
      if isWanted(offset..<offset + piece.count, of: segment.object) {
        let size = piece.count + BatchWriter.recordOverhead + 16
        if writer.count + size > limits.bytes || writer.records >= limits.records { try await send() }
        piece.withUnsafeBytes { _ = writer.append(segmentOf: segment.object, at: offset, $0) }
      }
      bytes += piece.count
      offset += piece.count
      rest = rest.dropFirst(piece.count)
    }
  }

  private func isWanted(_ range: Range<Int>, of object: UInt64) -> Bool {
    switch stands[object] {
    case .wanted(let have): !have.contains(range)
    case .settled: false
    case nil: true
    }
  }

  /// Sends what has come together.
  private mutating func send() async throws {
    guard writer.records > 0 else { return }
    let batch = writer.finish()
    writer = BatchWriter()
    let news = announcements
    announcements = []
    guard let answer = try await link.send(batch) else {
      isDamaged = true
      return
    }
    absorb(answer, news)
    if let refused = answer.refused {
      throw refused.code == .hubFull ? CourierFailure.hubFull : CourierFailure.archive(refused.text)
    }
  }

  private mutating func absorb(_ answer: LinkAnswer, _ news: [ArrivingObject]) {
    if !answer.damaged.isEmpty { isDamaged = true }
    receipts.formUnion(answer.receipts)
    cases += answer.cases
    for name in answer.unknown { if let name = UInt64(name, radix: 16) { unknown.insert(name) } }
    var have: [String: ByteRanges] = [:]
    for object in answer.objects {
      switch object.state {
      case .refused: refused[object.digest] = (object.reason ?? .unusable).rawValue
      case .partial: have[object.digest] = object.have
      case .whole, .damaged: break
      }
    }
    for digest in receipts where refused[digest] != nil { refused[digest] = nil }
    guard !news.isEmpty else { return }
    before.formUnion(answer.receipts)
    for object in news {
      guard let name = object.shortName else { continue }
      let isSettled = receipts.contains(object.digest) || refused[object.digest] != nil
      stands[name] = isSettled ? .settled : .wanted(have: have[object.digest] ?? ByteRanges())
    }
  }

  /// What the hub does not await any more became whole over the link meanwhile, most likely: announced again, it says so.
  private mutating func askAgain() async throws {
    let news = objects.filter { $0.shortName.map { unknown.contains($0) } ?? false }
    guard !news.isEmpty else { return }
    let known = before
    try await hand(over: .announce(news))
    before = known
  }
}
