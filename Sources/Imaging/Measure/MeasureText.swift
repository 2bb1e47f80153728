import Foundation

/// Numbers as tables and sheets show them: the same in every locale.
public enum MeasureText {
  /// 1,234,567.
  public static func grouped(_ value: Int) -> String {
    var digits = Array(String(abs(value)))
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: place)
      place -= 3
    }
    return (value < 0 ? "-" : "") + String(digits)
  }

  /// A fixed number of decimals.
  public static func decimals(_ value: Double, _ count: Int) -> String { String(format: "%.\(count)f", value) }

  /// Seconds with as many decimals as are worth reading.
  public static func seconds(_ value: Double) -> String {
    decimals(value, value < 1 ? 2 : value < 100 ? 1 : 0)
  }
}

extension LadderMeasure {
  /// The speeds that tables show, in kbit/s (1,000 bits a second).
  public static let linkSpeeds = [128, 512, 1000]

  /// How long bytes take on a link, nothing but the bytes counted.
  public static func seconds(bytes: Int, kilobitsPerSecond: Int) -> Double {
    Double(bytes) * 8 / (Double(kilobitsPerSecond) * 1000)
  }
}
