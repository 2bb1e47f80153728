/// What both ends of the link must agree on.
public enum LinkProtocol {
  /// Part of every path and of every signature; a change that an older peer would misunderstand makes it 2.
  public static let version = 1
}
