/// Why a value was not taken: a phrase that completes "KEY …".
struct SettingError: Error, Equatable {
  let expectation: String
  init(_ expectation: String) { self.expectation = expectation }
}

/// One setting of a configuration: its key in the file (`section.key`), and how a text becomes its value.
struct Setting<Configuration>: Sendable {
  let key: String
  /// Takes the text; throws ``SettingError`` when it is not a value of this setting.
  let apply: @Sendable (inout Configuration, String) throws -> Void

  init(_ key: String, apply: @escaping @Sendable (inout Configuration, String) throws -> Void) {
    self.key = key
    self.apply = apply
  }

  /// The same setting of a configuration that holds this one.
  func lifted<Outer>(
    _ get: @escaping @Sendable (Outer) -> Configuration, set: @escaping @Sendable (inout Outer, Configuration) -> Void
  ) -> Setting<Outer> {
    Setting<Outer>(key) { outer, text in
      var inner = get(outer)
      try apply(&inner, text)
      set(&outer, inner)
    }
  }

  /// The environment variable of the setting: `http.public-url` is `REKKAS_HTTP_PUBLIC_URL`.
  var environmentVariable: String {
    "REKKAS_" + key.uppercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
  }

  static func text(
    _ key: String, mayBeEmpty: Bool = false,
    set: @escaping @Sendable (inout Configuration, String) throws -> Void
  ) -> Setting {
    Setting(key) { configuration, text in
      if text.isEmpty && !mayBeEmpty { throw SettingError("may not be empty") }
      try set(&configuration, text)
    }
  }

  static func flag(_ key: String, set: @escaping @Sendable (inout Configuration, Bool) -> Void) -> Setting {
    Setting(key) { configuration, text in
      switch text.lowercased() {
      case "true", "yes", "on", "1": set(&configuration, true)
      case "false", "no", "off", "0": set(&configuration, false)
      default: throw SettingError("is true or false")
      }
    }
  }

  static func number(
    _ key: String, _ range: ClosedRange<Int>, set: @escaping @Sendable (inout Configuration, Int) -> Void
  ) -> Setting {
    Setting(key) { configuration, text in
      guard let value = Int(text), range.contains(value) else {
        throw SettingError("is a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      set(&configuration, value)
    }
  }

  /// A number of bytes: `512`, `64K`, `100M`, `1G`, `2T` (powers of 1,024).
  static func size(_ key: String, set: @escaping @Sendable (inout Configuration, Int) -> Void) -> Setting {
    Setting(key) { configuration, text in
      let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
      let shift = text.last.flatMap { units[Character($0.uppercased())] }
      let digits = shift == nil ? Substring(text) : text.dropLast()
      guard let count = Int(digits), count >= 0, count <= Int.max >> (shift ?? 0) else {
        throw SettingError("is a number of bytes, for example 512M or 1G")
      }
      set(&configuration, count << (shift ?? 0))
    }
  }
}

/// An address and a port to listen on, written `127.0.0.1:8080` or `[::1]:8080`.
struct SocketAddress: Equatable, Sendable, CustomStringConvertible {
  var host: String
  var port: Int

  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  init(parsing text: String) throws(SettingError) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65535).contains(port)
    else { throw SettingError("is an address and a port, for example 127.0.0.1:8080") }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { throw SettingError("needs an address before the port, for example 127.0.0.1:\(port)") }
    self.init(host: String(host), port: port)
  }

  /// Whether only this machine can reach the address.
  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension StringProtocol {
  /// The text without spaces and tabs at its ends.
  func trimmingSpaces() -> String {
    guard let first = firstIndex(where: { $0 != " " && $0 != "\t" }),
      let last = lastIndex(where: { $0 != " " && $0 != "\t" })
    else { return "" }
    return String(self[first...last])
  }
}
