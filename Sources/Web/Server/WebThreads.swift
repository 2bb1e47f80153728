import ServiceLifecycle

/// Ends the threads of the web door after the server has ended: services end in the reverse of their order, the server first.
struct WebThreads: Service {
  let dicomWeb: DICOMweb

  func run() async throws {
    try? await gracefulShutdown()
    await dicomWeb.shutdown()
  }
}
