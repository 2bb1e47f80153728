import DICOM

extension PreparedRenderer {
  /// The small picture of one frame: a symbol where the profile hides what the image shows, else drawn from a prefix. Where somebody else
  /// must draw it, the first value says what, and there is no second one.
  func thumbnail(
    _ request: ThumbnailRequest, of source: PictureSource, _ profile: CompressionProfile?
  ) throws(RenderFailure) -> (drawing: RenderRequest, thumbnail: Thumbnail?) {
    let header = try headers.header(of: source, frame: request.frame)
    let action = profile?.decide(header.facts).rule.action ?? ProfileAction()
    let drawing = request.drawing(path: source.path, side: action.thumbnail)
    if header.saysBurnedIn && action.hideBurnedInText {
      let symbol = HiddenPicture.draw(width: drawing.viewport!.width, height: drawing.viewport!.height)
      return (
        drawing, Thumbnail(image: try symbol.encoded(as: drawing.format, within: drawing.byteLimit), isHidden: true)
      )
    }
    guard let table = source.ownLayers else { return (drawing, nil) }
    let picture = try picture(drawing, of: source, table, grade: .thumbnail)
    return (
      drawing, Thumbnail(image: try picture.encoded(as: drawing.format, within: drawing.byteLimit), isHidden: false)
    )
  }
}
