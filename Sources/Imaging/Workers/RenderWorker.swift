import CCodecs
import DICOM
import Foundation

/// The other side of `RenderPool`: the process that meets foreign bytes.
public enum RenderWorker {
  /// Serves requests on descriptor 3 until the pool closes it; the body of the hidden command `render-worker`.
  ///
  /// The process confines itself with the first request: memory, processor time, no network, no other program, no life after its
  /// parent's.
  public static func run() -> Never {
    let socket = WorkerSocket(descriptor: Int32(CC_WORKER_SOCKET))
    var confined: ObjectRenderer?
    let prepared = PreparedRenderer(headers: PictureHeaders(capacity: 2 << 20))
    while let (request, _) = try? socket.receive(WorkerRequest.self, payloadLimit: 0) {
      if confined == nil {
        // DCMTK's lines are dropped: its messages can quote values of attributes.
        DICOMLibrary.initialize()
        guard cc_worker_confine(request.memoryLimit) == 0 else { exit(EX_OSERR) }
      }
      let renderer = confined ?? ObjectRenderer(memoryLimit: Int(clamping: request.memoryLimit))
      confined = renderer
      cc_worker_limit_cpu(request.cpuSeconds)
      var reply = WorkerReply()
      var payload: [UInt8] = []
      do throws(RenderFailure) {
        switch request.work {
        case .render(let request):
          payload = reply.take(try renderer.render(request))
        case .renderPrepared(let request, let excerpt):
          if let drawing = try excerpt.drawing(request, prepared) {
            payload = reply.take(try drawing.image(as: request.format, within: request.byteLimit))
          } else {
            payload = reply.take(try renderer.render(request))
          }
        case .decodeFrame(let path, let frame):
          payload = try renderer.decodeFrame(path: path, frame: frame)
        case .encodeFrame(let path, let frame, let uid):
          payload = try renderer.encodeFrame(path: path, frame: frame, to: uid)
        case .transcode(let path, let uid, let output):
          try renderer.transcode(path: path, to: uid, output: output)
        }
      } catch {
        reply.failure = error
      }
      do { try socket.send(header: reply, payload: payload) } catch { exit(0) }
    }
    exit(0)
  }
}

extension WorkerReply {
  /// Describes the picture, and gives its bytes.
  fileprivate mutating func take(_ image: RenderedImage) -> [UInt8] {
    (mediaType, width, height) = (image.mediaType, image.width, image.height)
    return image.bytes
  }
}
