/// A wish of the hub: somebody looks at this now.
///
/// Goes over the link as JSON with these names.
public struct LinkDemand: Codable, Sendable, Hashable {
  public var study: String
  public var series: String?
  public var instance: String?
  /// From 0.
  public var frame: Int?

  public init(study: String, series: String? = nil, instance: String? = nil, frame: Int? = nil) {
    self.study = study
    self.series = series
    self.instance = instance
    self.frame = frame
  }
}
