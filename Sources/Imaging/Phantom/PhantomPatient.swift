/// An invented person at an invented visit: everything in a phantom's header that is about people and places.
struct PhantomPatient: Sendable {
  /// The character sets that the phantoms use (PS3.3 C.12.1.1.2).
  enum Characters: String {
    case utf8 = "ISO_IR 192"
    case latin1 = "ISO_IR 100"
    case arabic = "ISO_IR 127"

    /// The text as these bytes; a character that the set lacks becomes "?".
    func bytes(_ text: String) -> [UInt8] {
      if self == .utf8 { return Array(text.utf8) }
      return text.unicodeScalars.map { scalar in
        switch (self, scalar.value) {
        case (_, 0..<0x80): UInt8(scalar.value)
        case (.latin1, 0xA0...0xFF): UInt8(scalar.value)
        // ISO 8859-6 keeps the letters in the order of Unicode.
        case (.arabic, 0x621...0x63A), (.arabic, 0x640...0x652): UInt8(scalar.value - 0x560)
        default: UInt8(ascii: "?")
        }
      }
    }
  }

  struct Site: Sendable {
    let name: String
    let code: String
    let institution: String
  }

  static let sites = [
    Site(name: "Midelt", code: "MID", institution: "Centre de santé de Midelt"),
    Site(name: "Azilal", code: "AZI", institution: "Hôpital provincial d'Azilal"),
    Site(name: "Taroudant", code: "TAR", institution: "Hôpital de Taroudant"),
  ]

  let name: String
  let sex: String
  /// As DICOM writes a date: YYYYMMDD.
  let birthDate: String
  let id: String
  let site: Site
  let characters: Characters

  init(_ name: String, sex: String, birthDate: String, id: String, site: Int, characters: Characters = .utf8) {
    self.name = name
    self.sex = sex
    self.birthDate = birthDate
    self.id = id
    self.site = Self.sites[site]
    self.characters = characters
  }

  /// The person of a seed: the same for every kind of picture, so several studies of one seed belong together.
  init(seed: UInt64) {
    var random = SplitMix64(seed: seed, purpose: "patient")
    let woman = random.next() & 1 == 0
    let arabic = random.next() % 3 == 0
    let families = arabic ? ["المثال", "الوهمي", "التجريبي", "النموذجي", "الافتراضي"] : Self.frenchFamilies
    let given =
      arabic
      ? (woman ? ["مريم", "فاطمة", "خديجة", "أمينة"] : ["يوسف", "إدريس", "سعيد", "أيوب"])
      : (woman ? ["Zoé", "Amélie", "Hélène", "Naïma", "Aïcha"] : ["Noël", "Gaël", "Raphaël", "Driss", "Jérôme"])
    func pick<T>(_ list: [T]) -> T { list[Int(random.next() % UInt64(list.count))] }
    let family = pick(families)
    let first = pick(given)
    let year = 1938 + Int(random.next() % 78)
    let month = 1 + Int(random.next() % 12)
    let day = 1 + Int(random.next() % 28)
    self.init(
      "\(family)^\(first)", sex: woman ? "F" : "M", birthDate: PhantomText.date(year, month, day),
      id: PhantomText.digits(Int(seed % 1_000_000), 6), site: Int(random.next() % 3))
  }

  private static let frenchFamilies = [
    "BENALI", "EL GUERRAOUI", "FANTÔME", "ÉPREUVE", "D'ESSAI", "MODÈLE", "AÏT EXEMPLE", "EL FICTIF", "BELHYPOTHÈSE",
  ]
}

/// Numbers as DICOM text, by whole-number arithmetic.
enum PhantomText {
  static func digits(_ value: Int, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }

  static func date(_ year: Int, _ month: Int, _ day: Int) -> String {
    digits(year, 4) + digits(month, 2) + digits(day, 2)
  }

  /// With at most four decimals and no zeros at the end.
  static func decimal(_ value: Float) -> String {
    let scaled = Int((value * 10_000).rounded())
    let magnitude = scaled.magnitude
    var fraction = digits(Int(magnitude % 10_000), 4)[...]
    while fraction.last == "0" { fraction = fraction.dropLast() }
    return (scaled < 0 ? "-" : "") + String(magnitude / 10_000) + (fraction.isEmpty ? "" : "." + fraction)
  }
}
