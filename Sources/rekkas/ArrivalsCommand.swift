import Archive
import ArgumentParser
import DICOM
import Foundation
import Relay

/// `rekkas arrivals`: what a hub did not take from its sites or what stopped on its way, and what to do with it.
struct ArrivalsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "arrivals",
    abstract: "At a hub: shows images that were refused, damaged or left on their way.",
    discussion: """
      A site sends each image in pieces. One that the hub cannot take (other bytes are there under its SOP Instance UID, it is \
      damaged, it cannot be read) stays safe at the site, which says so on its page; here stands why. One of which no byte came for \
      long goes on by itself when its site comes back; nothing is given up by itself.

        rekkas arrivals list --config hub.yaml
        rekkas arrivals list --quiet-for 7 --data /srv/rekkas
        rekkas arrivals discard 4f1c… --config hub.yaml

      The hub may run: then the command asks it, at the http.address of the same configuration. The same list is on its page, /admin.
      See rekkas quarantine for what came whole and could not join the archive.
      """,
    subcommands: [List.self, Discard.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists what was refused or damaged, newest first, and what rests, oldest first.",
      discussion: """
        One line each, in columns that tabs divide: refused, when, how often, site, SOP Instance UID, reason, digest; resting, when the \
        last byte came, bytes here of all, site, SOP Instance UID, digest. There is no patient data in it.
        """)
    @OptionGroup var options: ServerOptions
    @Option(
      name: .long,
      help: ArgumentHelp("Days without a byte after which an image is listed as resting.", valueName: "days"))
    var quietFor = 45
    @Option(name: .long, help: ArgumentHelp("Lines of each kind at most.", valueName: "n")) var limit = 100

    func validate() throws {
      guard (0...36_500).contains(quietFor), (1...1000).contains(limit) else {
        throw ValidationError("--quiet-for is 0 to 36500 days, --limit 1 to 1000.")
      }
    }

    func run() async throws {
      let lists = try await ArrivalLists.read(options.configuration(), days: quietFor, limit: limit)
      for one in lists.refused {
        print(
          "refused\t\(one.lastAt.formatted(.iso8601))\t\(one.times)×\t\(one.site)\t\(one.instance)\t"
            + "\(one.reason.rawValue): \(one.text)\t\(one.digest)")
      }
      for one in lists.abandoned {
        print(
          "resting\t\(one.lastArrivalAt.formatted(.iso8601))\t\(one.bytesHere) of \(one.size) bytes\t\(one.site)\t"
            + "\(one.instance)\t\(one.digest)")
      }
      if lists.refused.isEmpty { StandardError.write("Nothing was refused.") }
      if lists.abandoned.isEmpty { StandardError.write("Nothing has rested for \(quietFor) days or more.") }
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Throws away what is here of an image, and takes it off the list.",
      discussion: """
        The site keeps the image: when it sends it once more, it begins anew. What came whole stays in the archive or in the quarantine.
        """)
    @Argument(help: "The digest, as \"rekkas arrivals list\" shows it.") var digest: String
    @OptionGroup var options: ServerOptions

    func validate() throws {
      guard digest.count == 64, digest.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
        throw ValidationError("A digest is 64 small hexadecimal digits; \"rekkas arrivals list\" shows them.")
      }
    }

    func run() async throws {
      guard let gone = try await ArrivalLists.discard(digest, options.configuration()) else {
        StandardError.write("Nothing is on its way, and nothing was refused, under this digest.")
        throw ExitCode.failure
      }
      print(gone.discarded ? "What was here of it is gone." : "It is off the list.")
    }
  }
}

/// What the command shows, of the archive itself or of the hub that has it open.
private struct ArrivalLists: Decodable {
  var refused: [ArrivalRefusal]
  var abandoned: [AbandonedArrival]

  struct Discarded: Decodable {
    var discarded: Bool
  }

  private static let path = "/api/v1/arrivals"

  static func read(_ settings: HubConfiguration, days: Int, limit: Int) async throws -> ArrivalLists {
    guard let archive = try open(settings) else {
      let lists: ArrivalLists? = try await asked(settings, "GET", "\(path)?days=\(days)&limit=\(limit)")
      return lists ?? ArrivalLists(refused: [], abandoned: [])
    }
    defer { try? archive.close() }
    return ArrivalLists(
      refused: try archive.arrivals.refusals(limit: limit),
      abandoned: try archive.arrivals.abandoned(for: .seconds(days * 86_400), limit: limit))
  }

  /// nil when there is nothing of this digest.
  static func discard(_ digest: String, _ settings: HubConfiguration) async throws -> Discarded? {
    guard let archive = try open(settings) else {
      return try await asked(settings, "DELETE", "\(path)/\(digest)")
    }
    defer { try? archive.close() }
    let isGone = try archive.arrivals.discard(digest)
    let notes = try archive.arrivals.forgetRefusals(of: digest)
    return isGone || notes > 0 ? Discarded(discarded: isGone) : nil
  }

  /// nil when the hub has it open: then that is asked.
  private static func open(_ settings: HubConfiguration) throws -> Archive? {
    DICOMLibrary.initialize()
    do {
      return try Assembly.openArchive(settings.server)
    } catch let error as ArchiveError {
      if error.isInUse { return nil }
      throw error
    }
  }

  private static func asked<T: Decodable>(_ settings: HubConfiguration, _ method: String, _ path: String) async throws
    -> T?
  {
    let server = try RunningServer(address: "http://\(settings.http)")
    let answer: [UInt8]?
    do {
      answer = try await server.ask(method, path)
    } catch {
      await server.close()
      throw error
    }
    await server.close()
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    return try answer.map { try decoder.decode(T.self, from: Data($0)) }
  }
}
