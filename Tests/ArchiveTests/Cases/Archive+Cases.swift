import DICOM
import Foundation

@testable import Archive

extension Archive {
  /// A site's archive for a test: everything is queued, nothing is prepared.
  static func makeSite(
    _ site: String = "MIDELT", in folder: TestFolder, rules: [CaseRule] = [],
    configure: (inout ArchiveOptions) -> Void = { _ in }
  ) throws -> Archive {
    try make(in: folder) { options in
      options.site = site
      options.queuesForLink = true
      options.caseRules = rules
      configure(&options)
    }
  }

  /// Stores an image as a device of the site would.
  @discardableResult
  func receive(
    study: UID = "1.2.3", instance: UID = "1.2.3.1.1", number: Int = 1, accession: String = "",
    patientID: String = "12",
    modality: String = "CT", calling: String = "CT1", build: (inout DataSetWriter) -> Void = { _ in }
  ) throws -> StoreOutcome {
    try store(
      TestObject.make(
        study: study, series: UID(rawValue: study.rawValue + ".1"), instance: instance, number: number,
        modality: modality, patientID: patientID
      ) { writer in
        if !accession.isEmpty { writer.string(.accessionNumber, .sh, accession) }
        build(&writer)
      }, receipt: Receipt(channel: .dimse, callingAETitle: calling, calledAETitle: "REKKAS", peerAddress: "10.0.0.7"))
  }

  /// The studies that the outbox has, with their case numbers.
  func outboxStudy(_ uid: String = "1.2.3") throws -> OutboxStudy? {
    try outbox.studies().first { $0.study == uid }
  }
}

extension CaseForm {
  static func make(accession: String? = nil, id: String = "12") -> CaseForm {
    CaseForm(
      urgency: .urgent, specialty: "radiology",
      patient: CasePatient(id: id, name: "Béchir^Salma=بشير^سلمى", birthDate: "19840312", sex: "F"),
      question: "Fracture ?", context: "Chute de 3 m", consent: CaseConsent(given: true), accessionNumber: accession,
      requestedBy: "Dr Alaoui")
  }
}
