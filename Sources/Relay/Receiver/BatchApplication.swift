import Archive

/// Applies one batch of a site to the hub's archive, and gathers the answer. Blocks.
struct BatchApplication {
  private let archive: Archive
  private let site: String
  private let limits: BatchLimits
  private(set) var answer: LinkAnswer
  private(set) var health: SiteHealth?
  /// Records that could not be used, and objects that became whole.
  var damaged: Int { answer.damaged.count }
  var finished: Int { answer.receipts.count }

  /// Objects whose bytes or announcement must be on the disk before the answer.
  private var touched: Set<String> = []
  private var needsFlush = false
  /// Announced objects of which something was here before: the site must hear what.
  private var partial: Set<String> = []
  private var wholeAlready: Set<String> = []
  private var names: [UInt64: String?] = [:]
  private var unknown: Set<UInt64> = []
  /// Told how far the site says to have heard the demands; gives how far it has.
  private let hear: (Int?) -> Int?
  private var heard = LinkHeard()

  /// Sentences about damaged records in one answer.
  private static let mostProblems = 8

  init(
    archive: Archive, site: String, limits: BatchLimits, clock: Int, hear: @escaping (Int?) -> Int? = { $0 }
  ) {
    self.hear = hear
    self.archive = archive
    self.site = site
    self.limits = limits
    answer = LinkAnswer(clock: clock)
  }

  /// Applies the records in their order, brings everything to the disk, and completes the answer.
  ///
  /// - Throws: when nothing of the batch counts. When the disk fills up in the middle, what came before counts, and the answer has
  ///   ``LinkAnswer/refused``.
  mutating func apply(_ body: [UInt8]) throws(LinkRefusal) {
    do {
      var reader = try BatchReader(body, limits: limits)
      while let item = try reader.next() { try apply(item, number: reader.records - 1) }
    } catch let failure as BatchFailure {
      // What stood before the limit is as good as ever, but a batch that breaks the rules gets no receipts.
      switch failure {
      case .notABatch: throw LinkRefusal(.malformed, "The body is no batch.")
      case .tooLarge: throw LinkRefusal(.tooLarge, "The batch is over the hub's limits.")
      }
    } catch let refusal as LinkRefusal {
      answer.refused = refusal
      answer.retryAfter = 60
    } catch {
      throw LinkRefusal(.hubFailed, "The hub could not apply the batch.")
    }
    try flush()
    let cursor = hear(heard.demandCursor)
    let demands = archive.arrivals.demands(for: site, since: cursor)
    answer.demands = demands.demands
    if cursor != demands.next { answer.demandCursor = demands.next }
    answer.unknown = unknown.sorted().map { BatchSegment.text(of: $0) }
  }

  private mutating func apply(_ item: BatchReader.Item, number: Int) throws(LinkRefusal) {
    switch item {
    case .unknown: break
    case .damaged(let reason): note(number, reason)
    case .record(let record):
      do {
        try apply(record, number: number)
      } catch let failure as ArrivalFailure {
        try note(number, failure)
      } catch let failure as CaseFailure {
        note(number, "\(failure)")
      } catch {
        throw LinkRefusal(.hubFailed, "The hub cannot write at the moment.")
      }
    }
  }

  private mutating func apply(_ record: BatchRecord, number: Int) throws {
    switch record {
    case .form(let form):
      do {
        try archive.cases.apply(form, from: site)
      } catch let failure as CaseFailure {
        answer.refusedCases.append(CaseRefusal(form, failure))
        throw failure
      }
      answer.cases.append(CaseReceipt(number: form.number, revision: form.revision))
    case .manifest(let manifest):
      try archive.arrivals.note(manifest, from: site)
      needsFlush = true
    case .announce(let objects): try announce(objects)
    case .headers(let headers):
      var failure: ArrivalFailure?
      for header in headers {
        do {
          try write(header.bytes, at: 0, of: header.object)
        } catch let other as ArrivalFailure where other.code == .outOfRange {
          failure = other
        }
      }
      if let failure { throw failure }
    case .segment(let segment): try write(segment.bytes, at: segment.offset, of: segment.object)
    case .health(let health): self.health = health
    case .heard(let heard): self.heard = heard
    }
  }

  private mutating func announce(_ objects: [ArrivingObject]) throws {
    for answer in try archive.arrivals.announce(objects, from: site) {
      switch answer.state {
      case .whole: if wholeAlready.insert(answer.digest).inserted { self.answer.receipts.append(answer.digest) }
      case .partial:
        touched.insert(answer.digest)
        // What is all wanted needs no word: the site hears nothing and knows what it sent.
        if answer.have?.isEmpty == false { partial.insert(answer.digest) }
      case .refused, .damaged: self.answer.objects.append(answer)
      }
    }
    names = [:]
    needsFlush = true
  }

  private mutating func write(_ bytes: ArraySlice<UInt8>, at offset: Int, of object: UInt64) throws {
    let known = names[object] ?? archive.arrivals.resolve(prefix: object, site: site)
    names[object] = .some(known)
    guard let digest = known else {
      unknown.insert(object)
      return
    }
    do {
      try bytes.withUnsafeBytes { try archive.arrivals.write($0, at: offset, of: digest, from: site) }
    } catch let failure as ArrivalFailure where failure.code == .unknownObject {
      names[object] = .some(nil)
      unknown.insert(object)
      return
    }
    touched.insert(digest)
    needsFlush = true
  }

  private mutating func note(_ record: Int, _ reason: String) {
    answer.damaged.append(record)
    if answer.problems.count < Self.mostProblems { answer.problems.append("record \(record): \(reason)") }
  }

  private mutating func note(_ record: Int, _ failure: ArrivalFailure) throws(LinkRefusal) {
    switch failure.code {
    case .hubFull: throw LinkRefusal(.hubFull, "The hub's disk has reached its reserve.")
    case .unavailable: throw LinkRefusal(.hubFailed, "The hub cannot write at the moment.")
    case .outOfRange, .unknownObject: note(record, failure.description)
    }
  }

  /// Waits until everything is on the disk; only then may anything be promised.
  private mutating func flush() throws(LinkRefusal) {
    guard needsFlush else { return }
    let states: [ArrivalAnswer]
    do {
      states = try archive.arrivals.flush(touched, from: site)
    } catch {
      throw error.code == .hubFull
        ? LinkRefusal(.hubFull, "The hub's disk has reached its reserve.")
        : LinkRefusal(.hubFailed, "The hub cannot write at the moment.")
    }
    for state in states {
      switch state.state {
      case .whole: if wholeAlready.insert(state.digest).inserted { answer.receipts.append(state.digest) }
      case .partial: if partial.contains(state.digest) { answer.objects.append(state) }
      case .refused, .damaged: answer.objects.append(state)
      }
    }
  }
}
