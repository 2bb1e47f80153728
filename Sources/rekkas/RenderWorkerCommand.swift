import ArgumentParser
import Imaging

/// The hidden command that a hub starts for itself: a process that decodes and draws, and may die of it.
struct RenderWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render-worker", abstract: "Decodes and draws images for a hub; not for people.", shouldDisplay: false)

  func run() throws {
    RenderWorker.run()
  }
}
