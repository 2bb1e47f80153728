import HTTPTypes
import Hummingbird

/// The resources of DICOMweb as a table: the router, the answers to OPTIONS and 405 are made from it.
struct DICOMwebRoutes {
  typealias Handler = @Sendable (Request, WebContext) async throws -> Response

  /// One kind of resource.
  struct Resource: Sendable {
    let path: String
    let summary: String
    /// Media types that GET can answer with.
    var produces: [String] = []
    /// Query parameters.
    var parameters: [String] = []
    var get: Handler?
    var post: Handler?

    var methods: [String] { (get == nil ? [] : ["GET", "HEAD"]) + (post == nil ? [] : ["POST"]) + ["OPTIONS"] }
  }

  let resources: [Resource]
  /// WADO-URI: one address outside of the tree.
  private let byURI: Handler

  init(_ dicomWeb: DICOMweb) {
    let search = ["{attribute}", "includefield", "limit", "offset", "fuzzymatching"]
    let json = [DICOMMediaType.json, "application/json"]
    let files = ["multipart/related; type=\"application/dicom\""]
    let pictures = ["image/jpeg", "image/png", "multipart/related; type=\"image/jpeg\""]
    let drawing = ["viewport", "window", "quality", "depth", "overlays", "iccprofile"]
    let study = "/studies/{study}"
    let series = study + "/series/{series}"
    let instance = series + "/instances/{instance}"

    let store: Handler = { try await dicomWeb.store($0, $1) }

    var table: [Resource] = [
      Resource(
        path: "/studies", summary: "Search for studies; store instances", produces: json, parameters: search,
        get: { try await dicomWeb.search(.studies, $0, $1) }, post: store),
      Resource(
        path: "/series", summary: "Search for series", produces: json, parameters: search,
        get: { try await dicomWeb.search(.series, $0, $1) }),
      Resource(
        path: "/instances", summary: "Search for instances", produces: json, parameters: search,
        get: { try await dicomWeb.search(.instances, $0, $1) }),
      Resource(
        path: study + "/series", summary: "Search for series of a study", produces: json, parameters: search,
        get: { try await dicomWeb.search(.series, $0, $1) }),
      Resource(
        path: study + "/instances", summary: "Search for instances of a study", produces: json, parameters: search,
        get: { try await dicomWeb.search(.instances, $0, $1) }),
      Resource(
        path: series + "/instances", summary: "Search for instances of a series", produces: json, parameters: search,
        get: { try await dicomWeb.search(.instances, $0, $1) }),
      Resource(
        path: instance + "/frames/{frames}", summary: "Frames by number",
        produces: ["application/octet-stream", "image/jp2", "image/jls", "image/jpeg", "image/dicom-rle"].map {
          "multipart/related; type=\"\($0)\""
        },
        get: { try await dicomWeb.retrieveFrames($0, $1) }),
      Resource(
        path: instance + "/bulkdata/**", summary: "One large value", produces: [DICOMMediaType.octets],
        get: { try await dicomWeb.retrieveBulkData($0, $1) }),
      Resource(
        path: instance + "/frames/{frames}/rendered", summary: "Frames as pictures", produces: pictures,
        parameters: drawing,
        get: { try await dicomWeb.retrieveRendered($0, $1) }),
      Resource(
        path: instance + "/frames/{frames}/thumbnail", summary: "A small picture of a frame", produces: pictures,
        parameters: ["viewport"],
        get: { try await dicomWeb.retrieveThumbnail($0, $1) }),
    ]
    for (path, level) in [(study, "study"), (series, "series"), (instance, "instance")] {
      table.append(
        Resource(
          path: path, summary: "The objects of a \(level); POST stores into a study",
          produces: level == "instance" ? files + [DICOMMediaType.dicom] : files,
          get: { try await dicomWeb.retrieveInstances($0, $1) }, post: level == "study" ? store : nil))
      table += [
        Resource(
          path: path + "/metadata", summary: "The metadata of a \(level)", produces: json,
          get: { try await dicomWeb.retrieveMetadata($0, $1) }),
        Resource(
          path: path + "/rendered", summary: "Pictures of a \(level)", produces: pictures, parameters: drawing,
          get: { try await dicomWeb.retrieveRendered($0, $1) }),
        Resource(
          path: path + "/thumbnail", summary: "A small picture of a \(level)", produces: ["image/jpeg", "image/png"],
          parameters: ["viewport"],
          get: { try await dicomWeb.retrieveThumbnail($0, $1) }),
      ]
    }
    resources = table
    byURI = { try await dicomWeb.retrieveByURI($0, $1) }
  }

  /// Puts every resource into the router, with OPTIONS and an answer to methods it does not have.
  func add(to router: Router<WebContext>) {
    let capabilities = capabilities
    let byURI = byURI
    router.get("/wado") { try await byURI($0, $1) }
    router.on(RouterPath(DICOMweb.root), method: .options) { _, _ in Self.options(capabilities, allow: ["OPTIONS"]) }
    for resource in resources {
      let path = RouterPath(DICOMweb.root + resource.path)
      if let get = resource.get { router.on(path, method: .get, use: get) }
      if let post = resource.post { router.on(path, method: .post, use: post) }
      let methods = resource.methods
      router.on(path, method: .options) { _, _ in Self.options(capabilities, allow: methods) }
      let missing: [HTTPRequest.Method] = [.put, .delete, .patch] + (resource.post == nil ? [.post] : [])
      for method in missing {
        router.on(path, method: method) { _, _ -> Response in
          throw WebFailure(
            status: .methodNotAllowed, message: "Allowed here: \(methods.joined(separator: ", ")).",
            headers: [.allow: methods.joined(separator: ", ")])
        }
      }
    }
  }

  /// The capabilities description (PS3.18 §8.9): what WADL says, in JSON.
  private var capabilities: String {
    let list = { (texts: [String]) in "[" + texts.map { JSONText.string($0) }.joined(separator: ",") + "]" }
    let entries = resources.map { resource in
      """
      {"path":\(JSONText.string(resource.path)),"summary":\(JSONText.string(resource.summary)),"methods":\(list(resource.methods)),\
      "produces":\(list(resource.produces)),"parameters":\(list(resource.parameters))}
      """
    }
    return "{\"service\":\"DICOMweb\",\"base\":\"\(DICOMweb.root)\",\"resources\":[\(entries.joined(separator: ","))]}"
  }

  private static func options(_ capabilities: String, allow: [String]) -> Response {
    Response(
      status: .ok, headers: [.allow: allow.joined(separator: ", "), .contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: capabilities)))
  }
}
