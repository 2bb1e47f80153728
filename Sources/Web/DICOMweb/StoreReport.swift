import Archive
import DICOM
import HTTPTypes

/// What became of the instances of one STOW request, and how PS3.18 §10.5.3 says it.
struct StoreReport: Sendable {
  struct Failure: Sendable {
    var status: DIMSEStatus
    /// For the log; no patient data.
    var text: String
    var sopClass: UID?
    var sopInstance: UID?
  }

  var stored: [InstanceIdentity] = []
  var failed: [Failure] = []
  /// The body itself broke off or could not be read: never a success, whatever was stored before.
  var broken: MultipartFailure?

  /// 200 all stored, 202 some, 409 none, 400 for a broken body, 503 when only room was missing.
  var httpStatus: HTTPResponse.Status {
    if broken != nil { return .badRequest }
    if failed.isEmpty { return stored.isEmpty ? .badRequest : .ok }
    if !stored.isEmpty { return .accepted }
    return failed.allSatisfy { $0.status == .outOfResources } ? .serviceUnavailable : .conflict
  }

  /// The Store Instances Response Module (PS3.18 §I.2) as DICOM JSON.
  ///
  /// - Parameter base: what stands before `/dicom-web`.
  func json(base: String) -> String {
    var members: [String] = []
    let studies = Set(stored.map(\.studyInstanceUID))
    if studies.count == 1, let study = studies.first {
      members.append(Self.member(.retrieveURL, "UR", base + ResourceScope(study: study).path))
    }
    let named = failed.filter { $0.sopInstance != nil }
    if !named.isEmpty {
      members.append(
        Self.sequence(
          .failedSOPSequence,
          named.map {
            [
              Self.uid(.referencedSOPClassUID, $0.sopClass), Self.uid(.referencedSOPInstanceUID, $0.sopInstance),
              Self.reason($0.status),
            ]
          }))
    }
    if !stored.isEmpty {
      members.append(
        Self.sequence(
          .referencedSOPSequence,
          stored.map { identity in
            let scope = ResourceScope(
              study: identity.studyInstanceUID, series: identity.seriesInstanceUID, instance: identity.sopInstanceUID)
            return [
              Self.uid(.referencedSOPClassUID, identity.sopClassUID),
              Self.uid(.referencedSOPInstanceUID, identity.sopInstanceUID),
              Self.member(.retrieveURL, "UR", base + scope.path),
            ]
          }))
    }
    // Failures that belong to no known instance (PS3.18: Other Failures Sequence).
    var others = failed.filter { $0.sopInstance == nil }.map { [Self.reason($0.status)] }
    if broken != nil { others.append([Self.reason(.cannotUnderstand)]) }
    if !others.isEmpty { members.append(Self.sequence(.otherFailuresSequence, others)) }
    return "{" + members.joined(separator: ",") + "}"
  }

  private static func uid(_ tag: Tag, _ uid: UID?) -> String {
    uid.map { member(tag, "UI", $0.rawValue) } ?? "\"\(tag.hex)\":{\"vr\":\"UI\"}"
  }

  private static func member(_ tag: Tag, _ vr: String, _ value: String) -> String {
    "\"\(tag.hex)\":{\"vr\":\"\(vr)\",\"Value\":[\(JSONText.string(value))]}"
  }

  private static func reason(_ status: DIMSEStatus) -> String {
    "\"\(Tag.failureReason.hex)\":{\"vr\":\"US\",\"Value\":[\(status.rawValue)]}"
  }

  private static func sequence(_ tag: Tag, _ items: [[String]]) -> String {
    "\"\(tag.hex)\":{\"vr\":\"SQ\",\"Value\":[\(items.map { "{" + $0.joined(separator: ",") + "}" }.joined(separator: ","))]}"
  }
}

extension StoreReport.Failure {
  /// Why an instance was not stored, as a Failure Reason (0008,1197).
  init(_ error: any Error, sopClass: UID?, sopInstance: UID?) {
    self.init(status: .processingFailure, text: "\(type(of: error))", sopClass: sopClass, sopInstance: sopInstance)
    switch error {
    case let failure as StoreFailure:
      text = failure.detail
      switch failure.code {
      case .outOfResources, .cannotStore: status = .outOfResources
      case .conflict: status = .duplicateSOPInstance
      case .mismatch: status = .dataSetDoesNotMatchSOPClass
      case .unparsable: status = .cannotUnderstand
      }
    case let failure as ParseFailure:
      text = failure.reason
      status = .cannotUnderstand
    default: break
    }
  }
}
