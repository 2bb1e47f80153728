import Foundation

/// An object of a site that the hub does not take, for the administrator. Holds no patient data.
public struct ArrivalRefusal: Sendable, Hashable, Codable {
  public let site: String
  /// Of the announced object.
  public let digest: String
  /// SOP Instance UID and Study Instance UID, as announced.
  public let instance: String
  public let study: String
  public let reason: ArrivalAnswer.Reason
  /// What is wrong.
  public let text: String
  /// How often it was refused.
  public let times: Int
  public let firstAt: Date
  public let lastAt: Date
}
