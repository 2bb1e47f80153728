/// What else is done in the transaction that adds an object to the index.
struct StoreRules: Sendable {
  /// The place that opens cases here, and the code of their numbers.
  let site: String
  let code: String
  /// Whether objects are queued for the link.
  let queues: Bool
  let cases: [CaseRule]

  /// - Throws: ``ArchiveError`` for a place without a usable code.
  init(_ options: ArchiveOptions) throws {
    site = options.site
    code = options.siteCode ?? Self.code(of: options.site)
    guard CaseNumber.isCode(code) else {
      throw ArchiveError(
        "\"\(code)\" cannot begin case numbers: the site's code needs 2 to 6 capital letters and digits.")
    }
    queues = options.queuesForLink
    cases = options.caseRules
  }

  /// The letters and digits of a name, as capitals. Too long for a code where the name is: then somebody must choose one.
  private static func code(of site: String) -> String {
    String(FoldedText.fold(site).uppercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) })
  }
}
