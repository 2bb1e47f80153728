import DICOM

/// The searched columns of a study, from one of its objects.
struct StudyColumns {
  let patientID: String
  let name: FoldedName
  let birthDate: String
  let studyDate: String
  let studyTime: String
  let accessionNumber: String
  let description: String
  let referring: FoldedName

  init(_ dataSet: DataSet) {
    patientID = dataSet.string(.patientID) ?? ""
    name = FoldedName(dataSet.string(.patientName) ?? "")
    birthDate = ColumnText.date(dataSet.string(.patientBirthDate))
    studyDate = ColumnText.date(dataSet.string(.studyDate))
    studyTime = ColumnText.time(dataSet.string(.studyTime))
    accessionNumber = dataSet.string(.accessionNumber) ?? ""
    description = FoldedText.fold(dataSet.string(.studyDescription) ?? "")
    referring = FoldedName(dataSet.string(.referringPhysicianName) ?? "")
  }
}

/// The searched columns of a series, from one of its objects.
struct SeriesColumns {
  let modality: String
  let number: Int64
  let description: String

  init(_ dataSet: DataSet) {
    modality = dataSet.string(.modality) ?? ""
    number = dataSet.int(.seriesNumber).flatMap { Int32(exactly: $0) }.map(Int64.init) ?? IndexSchema.noNumber
    description = FoldedText.fold(dataSet.string(.seriesDescription) ?? "")
  }
}
