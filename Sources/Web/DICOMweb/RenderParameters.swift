import DICOM
import Imaging

/// The query parameters of rendered resources (PS3.18 §8.3.5).
struct RenderParameters {
  var window: Window?
  var viewport: Viewport?
  var quality: Int?
  /// Bits of a grey level: 16 makes a PNG for programs.
  var depth = 8
  /// Overlay planes are drawn.
  var overlays = false
  /// Colour pictures carry the object's ICC profile.
  var embedsProfile = true
  var warnings: [String] = []

  /// The longest side a picture may be asked for.
  static let maximumSide = 16_384

  init(_ query: QueryString) throws(WebFailure) {
    for pair in query.pairs {
      switch pair.name {
      case "window": window = try Self.window(pair.value)
      case "viewport": viewport = try Self.viewport(pair.value)
      case "quality":
        guard let value = Int(pair.value), (1...100).contains(value) else {
          throw .badRequest("quality is a whole number from 1 to 100.")
        }
        quality = value
      case "depth":
        guard let value = Int(pair.value), [8, 16].contains(value) else {
          throw .badRequest("depth is 8, or 16 for a PNG whose grey levels have 16 bits.")
        }
        depth = value
      case "overlays":
        guard ["true", "false"].contains(pair.value) else { throw .badRequest("overlays is true or false.") }
        overlays = pair.value == "true"
      case "iccprofile":
        guard ["no", "yes", "srgb", "adobergb", "rommrgb"].contains(pair.value) else {
          throw .badRequest("iccprofile is no, yes, srgb, adobergb or rommrgb.")
        }
        embedsProfile = pair.value != "no"
        if pair.value != "no" && pair.value != "yes" {
          warnings.append("colours are not converted: iccprofile=\(pair.value) was taken for yes")
        }
      case "annotation", "presentationUID", "presentationSeriesUID":
        warnings.append("\(pair.name) is not supported and was ignored")
      default: break
      }
    }
  }

  /// `center,width[,function]`.
  private static func window(_ text: String) throws(WebFailure) -> Window {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
    let functions: [String: Window.Function] = [
      "linear": .linear, "linear-exact": .linearExact, "linear_exact": .linearExact, "sigmoid": .sigmoid,
    ]
    guard parts.count == 2 || parts.count == 3, let center = Double(parts[0]), let width = Double(parts[1]),
      let function = parts.count == 2 ? .linear : functions[parts[2].lowercased()],
      let window = Window(center: center, width: width, function: function)
    else {
      throw .badRequest(
        "window is center,width or center,width,function; function is linear, linear-exact or sigmoid, and the width at least 1."
      )
    }
    return window
  }

  /// `vw,vh[,sx,sy,sw,sh]`; of the last four each may be empty.
  private static func viewport(_ text: String) throws(WebFailure) -> Viewport {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
    let sizes = parts.prefix(2).compactMap { Double($0) }.filter { $0 >= 1 && $0 <= Double(maximumSide) }
    let numbers = parts.dropFirst(2).map { $0.isEmpty ? nil : Double($0) }
    let wellFormed = zip(parts.dropFirst(2), numbers).allSatisfy { $0.isEmpty || ($1?.isFinite ?? false) }
    guard sizes.count == 2, parts.count == 2 || parts.count == 6, wellFormed else {
      throw .badRequest(
        "viewport is width,height or width,height,x,y,width,height; the first two from 1 to \(maximumSide).")
    }
    var viewport = Viewport(width: Int(sizes[0]), height: Int(sizes[1]))
    if parts.count == 6 {
      viewport.sourceX = numbers[0] ?? 0
      viewport.sourceY = numbers[1] ?? 0
      viewport.sourceWidth = numbers[2]
      viewport.sourceHeight = numbers[3]
    }
    return viewport
  }

  /// What to draw of a file. `accepted` says JPEG or PNG.
  func request(path: String, frame: Int, mediaType: String) -> RenderRequest {
    let png = depth == 16 ? PictureFormat.png16 : .png
    var request = RenderRequest(
      path: path, frame: frame, viewport: viewport, window: window,
      format: mediaType == "image/png" ? png : .jpeg(quality: quality ?? 90))
    request.overlays = overlays
    request.embedsProfile = embedsProfile
    return request
  }
}
