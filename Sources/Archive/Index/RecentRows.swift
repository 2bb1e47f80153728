import DICOM

/// What the writer remembers of rows it wrote lately, so that the 300 images of a series read them once.
///
/// Only right while every transaction commits: forget all after one that did not.
struct RecentRows {
  struct Study {
    let id: Int64
    var mask: UInt64
    var modalities: Set<String>
    let patientID: String
  }

  struct Series {
    let id: Int64
    var mask: UInt64
  }

  struct SeriesKey: Hashable {
    let study: Int64
    let uid: UID
  }

  struct Source: Hashable {
    let channel: String
    let calling: String
    let called: String
    let peer: String
  }

  var studies: [UID: Study] = [:]
  var series: [SeriesKey: Series] = [:]
  var sources: [Source: Int64] = [:]
  /// By the row of the study.
  var places: [Int64: StudyIntake.Place] = [:]

  /// Keeps the memory small: 512 studies are far more than arrive at once.
  mutating func trim() {
    if studies.count > 512 { studies.removeAll() }
    if series.count > 2048 { series.removeAll() }
    if places.count > 512 { places.removeAll() }
    if sources.count > 512 { sources.removeAll() }
  }
}
