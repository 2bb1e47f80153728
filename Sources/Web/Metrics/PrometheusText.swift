/// The alphabet of Prometheus' text format 0.0.4.
enum PrometheusText {
  static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

  /// A metric name: letters, digits, `_` and `:`, not starting with a digit; anything else becomes `_`.
  static func name(_ label: String) -> String { sanitised(label, allowingColon: true) }

  /// `a="x",b="y"`, in the order of the label names, so that one set of labels is one series.
  static func labels(_ dimensions: [(String, String)]) -> String {
    dimensions.map { (sanitised($0.0, allowingColon: false), escaped($0.1)) }
      .sorted { $0.0 < $1.0 }
      .map { "\($0.0)=\"\($0.1)\"" }
      .joined(separator: ",")
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return "\(value)"
  }

  private static func sanitised(_ text: String, allowingColon: Bool) -> String {
    var out = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
        out.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if out.isEmpty { out = "_" }
        out.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: ":") where allowingColon: out += ":"
      default: out += "_"
      }
    }
    return out.isEmpty ? "_" : out
  }

  private static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": out += "\\\\"
      case "\"": out += "\\\""
      case "\n": out += "\\n"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
