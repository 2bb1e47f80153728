/// Whom the page at `/` serves.
public enum PageKind: String, CaseIterable, Sendable {
  /// Doctors at a hub: the worklist of cases, the list of studies, pictures.
  case reader
  /// Staff of a health centre: what came in, what is safe, what is sent, the form for a new case; made for a phone first.
  case site

  /// The parts of its script in the order in which they are joined: those that others build on come first.
  var script: [[UInt8]] {
    let base = [
      PackageResources.texts_js, PackageResources.texts_cases_js, PackageResources.dom_js, PackageResources.server_js,
      PackageResources.cases_js, PackageResources.progress_js, PackageResources.live_js,
    ]
    let pictures = [
      PackageResources.study_js, PackageResources.pictures_js, PackageResources.gestures_js, PackageResources.viewer_js,
    ]
    switch self {
    case .reader:
      return base + [PackageResources.list_js, PackageResources.worklist_js] + pictures + [
        PackageResources.case_js, PackageResources.reader_js, PackageResources.app_js,
      ]
    case .site:
      return base + pictures + [
        PackageResources.texts_link_js, PackageResources.texts_site_js, PackageResources.link_js,
        PackageResources.sending_js, PackageResources.joining_js, PackageResources.caseform_js,
        PackageResources.sitecase_js, PackageResources.site_js, PackageResources.app_js,
      ]
    }
  }

  /// The parts of its style sheet.
  var style: [[UInt8]] {
    [PackageResources.style_css, PackageResources.cases_css] + (self == .site ? [PackageResources.site_css] : [])
  }
}
