import ArgumentParser

struct HubCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "hub", abstract: "x")
  @OptionGroup var options: HubOptions
  func run() async throws { print(try options.configuration()) }
}
