import ArgumentParser

/// The one executable. Each command has a file of its own; `Hub`, `Site` and `Assembly` alone choose and join the parts.
@main
struct Rekkas: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rekkas",
    abstract: "Receives medical images, keeps them safe and shows them to remote readers.",
    discussion: """
      Start a hub, send it an image and look at it:

        rekkas hub --data /tmp/rekkas
        rekkas phantom --study ct --slices 30 --output /tmp/ct
        storescu -v 127.0.0.1 11112 +sd +r /tmp/ct
        (then open http://127.0.0.1:8080/ in a browser)

      rekkas help COMMAND tells more of each command.
      """,
    version: rekkasVersion,
    subcommands: [
      HubCommand.self, SiteCommand.self, ImportCommand.self, VerifyCommand.self, QuarantineCommand.self,
      ArrivalsCommand.self, PrepareCommand.self,
      ProfileCommand.self, KeyCommand.self, CourierCommand.self, DemoCommand.self,
      MeasureCommand.self, PhantomCommand.self, RenderWorkerCommand.self,
    ]
  )
}

/// The version that `--version` prints and `/healthz` answers.
let rekkasVersion = "0.1.0"
