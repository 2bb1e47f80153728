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
    guard let drawn = try small(drawing, of: source) else { return (drawing, nil) }
    return (
      drawing,
      Thumbnail(image: try drawn.image(as: drawing.format, within: drawing.byteLimit), isHidden: false)
    )
  }

  /// What a small picture is made of; nil where a worker must draw it.
  private func small(_ request: RenderRequest, of source: PictureSource) throws(RenderFailure) -> Drawing? {
    guard let table = source.ownLayers else {
      return source.nativeSize == nil ? nil : try NativeRenderer.drawing(request)
    }
    if let path = source.received, prefersReceived(request, table, grade: .thumbnail) {
      var received = request
      received.path = path
      do throws(RenderFailure) {
        if let drawing = try NativeRenderer.drawing(received) { return drawing }
      } catch {
        // Gone meanwhile: the prepared one has all of it.
        guard error == .missing else { throw error }
      }
    }
    return try drawing(request, of: source, table, grade: .thumbnail)
  }
}
