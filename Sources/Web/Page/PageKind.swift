/// Whom the page at `/` serves.
public enum PageKind: String, CaseIterable, Sendable {
  /// Doctors at a hub: the worklist of cases, the list of studies, pictures.
  case reader
  /// Staff of a health centre: what came in, what is safe, what is sent, the form for a new case; made for a phone first.
  case site
  /// Administrators at a hub: the sites, and what was refused, stopped on its way or is kept aside.
  case administrator

  /// Where its document lies. Not below another folder: addresses in the pages are relative.
  var path: String { self == .administrator ? "/admin" : "/" }

  /// The name of its script and its style sheet.
  var stem: String { self == .administrator ? "admin" : "app" }

  /// The parts of its script in the order in which they are joined: those that others build on come first.
  var script: [[UInt8]] {
    let core = [
      PackageResources.texts_js, PackageResources.texts_cases_js, PackageResources.dom_js, PackageResources.server_js,
      PackageResources.cases_js, PackageResources.progress_js,
    ]
    let base = core + [PackageResources.live_js]
    let sheets = [PackageResources.texts_sheets_js, PackageResources.sheets_js]
    let pictures = [
      PackageResources.study_js, PackageResources.pictures_js, PackageResources.gestures_js, PackageResources.viewer_js,
    ]
    switch self {
    case .reader:
      return base + [PackageResources.list_js, PackageResources.worklist_js] + pictures + [
        PackageResources.case_js, PackageResources.reader_js, PackageResources.app_js,
      ]
    case .site:
      return base + pictures + sheets + [
        PackageResources.texts_link_js, PackageResources.texts_site_js, PackageResources.link_js,
        PackageResources.delivery_js, PackageResources.sending_js, PackageResources.joining_js,
        PackageResources.caseform_js,
        PackageResources.sitecase_js, PackageResources.site_js, PackageResources.app_js,
      ]
    case .administrator:
      return core + sheets + [
        PackageResources.texts_admin_js, PackageResources.sites_js, PackageResources.arrivals_js,
        PackageResources.admin_js, PackageResources.app_js,
      ]
    }
  }

  /// The parts of its style sheet.
  var style: [[UInt8]] {
    let base = [PackageResources.style_css, PackageResources.cases_css]
    switch self {
    case .reader: return base
    case .site: return base + [PackageResources.sheets_css, PackageResources.site_css]
    case .administrator: return base + [PackageResources.sheets_css, PackageResources.admin_css]
    }
  }
}
