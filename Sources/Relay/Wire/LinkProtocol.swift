/// What both ends of the link must agree on; the article <doc:LinkProtocol> says it for other programs.
public enum LinkProtocol {
  /// Part of every path and of every signature; a change that an older peer would misunderstand makes it 2.
  public static let version = 1
  /// Opens a session.
  public static let sessionPath = "/link/v1/session"
  /// Takes a batch; an idle site sends one without objects from time to time.
  public static let batchPath = "/link/v1/batch"
  /// Header of a request: who speaks, and the proof.
  public static let credentialsHeader = "Rekkas-Link"
  /// Header of an answer: the proof that the hub said it, 64 hexadecimal digits.
  public static let answerHeader = "Rekkas-Link-Mac"
  public static let batchType = "application/vnd.rekkas.batch"
  public static let jsonType = "application/json"
  /// The first bytes of every batch.
  static let magic: [UInt8] = Array("RKL1".utf8)
}
