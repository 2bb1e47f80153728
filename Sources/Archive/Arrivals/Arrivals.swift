import DICOM

/// The hub's end of objects that come in pieces, in any order, from sites on thin links.
///
/// All methods block and may be called from many threads at once.
public final class Arrivals: Sendable {
  let board = DemandBoard()

  init() {}

  /// Takes note of objects that will come, and says of each what of it is here, in the same order. Idempotent.
  ///
  /// Objects that are kept whole, by their digest or their received digest, are answered "whole" at once. Durable with the next
  /// ``flush(_:from:)``.
  public func announce(_ objects: [ArrivingObject], from site: String) throws(ArrivalFailure) -> [ArrivalAnswer] {
    throw ArrivalFailure(.unavailable, "not yet")
  }

  /// Takes note of what the site says of a study. Durable with the next ``flush(_:from:)``.
  public func note(_ manifest: StudyManifest, from site: String) throws(ArrivalFailure) {
    throw ArrivalFailure(.unavailable, "not yet")
  }

  /// The digest that begins with these 8 bytes (big endian) among the open arrivals of the site; nil when there is none or more than one.
  public func resolve(prefix: UInt64, site: String) -> String? { nil }

  /// Writes bytes of an open arrival into their place: any order, any number of times. Durable with the next ``flush(_:from:)``.
  public func write(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, of digest: String, from site: String
  ) throws(ArrivalFailure) {
    throw ArrivalFailure(.unavailable, "not yet")
  }

  /// Brings to the disk everything that was announced, noted and written before this call, and says what has become of these objects.
  ///
  /// Objects that are all here are proven and kept when this returns; what is not known is left out of the answers. The digests are
  /// those that the caller's request touched: many requests share one flush, and each must hear of its own objects.
  public func flush(_ digests: some Sequence<String>, from site: String) throws(ArrivalFailure) -> [ArrivalAnswer] {
    throw ArrivalFailure(.unavailable, "not yet")
  }

  /// How far a study is; nil when no site has spoken of it.
  public func progress(study: UID) throws -> StudyProgress? { nil }

  /// Notes that somebody looks at this: its site hears of it with its next answer. Costs nothing when everything is here.
  public func demand(_ demand: LinkDemand) {}

  /// The wishes for a site since a cursor of before (nil: all that stand), oldest first, and the cursor for the next time.
  ///
  /// A wish stands for five minutes; of more than 64 the newest count.
  public func demands(for site: String, since cursor: Int?) -> (next: Int, demands: [LinkDemand]) {
    board.demands(for: site, since: cursor)
  }
}
