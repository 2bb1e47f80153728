import Foundation

/// What a worker must know of an object that somebody else prepared, to read no more than a picture needs.
struct LayerExcerpt: Codable, Sendable {
  /// Of the file: what the worker remembers of its header is remembered under it.
  let digest: String
  /// A ``LayerTable`` of the one frame that is wanted.
  let layers: Data
  let grade: PrefixChoice.Grade

  /// More layers than this are no ladder of ours, and would not fit a message.
  private static let mostLayers = 256

  /// nil when the source has no layers, or is not to be read by them.
  init?(_ source: PictureSource, frame: Int, grade: PrefixChoice.Grade) {
    guard let table = source.layers, table.frames.indices.contains(frame),
      table.frames[frame].layerEnds.count <= Self.mostLayers
    else { return nil }
    digest = source.digest
    layers = Data(LayerTable(format: table.format, frames: [table.frames[frame]]).encoded())
    self.grade = grade
  }

  /// What the picture is made of, from the layers that it needs; nil where they are not what was said.
  func drawing(_ request: RenderRequest, _ renderer: PreparedRenderer) throws(RenderFailure) -> Drawing? {
    guard let table = LayerTable(encoded: [UInt8](layers)), let entry = table.frames.first else { return nil }
    let source = PictureSource(path: request.path, digest: digest, layers: table, decodedIn: .worker)
    do throws(RenderFailure) {
      return try renderer.drawing(request, of: source, table.format, entry, grade: grade)
    } catch {
      switch error {
      case .undecodable, .unreadable: return nil
      default: throw error
      }
    }
  }
}
