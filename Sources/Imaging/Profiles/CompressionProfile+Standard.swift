extension CompressionProfile {
  /// The profile of a hub that is given none: `Config/profiles/default.yaml`, rule for rule (a test compares them).
  public static let standard = CompressionProfile(
    name: "default", version: 2,
    rules: [
      rule(
        "documents", "Reports, key objects, presentation states and plans are small and have no picture to compress.",
        ["SR", "KO", "PR", "DOC", "RTPLAN", "RTSTRUCT", "REG", "ANN", "AU", "ECG", "HD"]
      ) { $0.codec = .asReceived },
      rule(
        "mammography",
        "Mammograms are read for microcalcifications; larger layers keep even the previews fit to orient by.", ["MG"]
      ) {
        $0.layers = kilobytes(8, 40, 160, 640)
        $0.thumbnail = 192
      },
      rule(
        "plain radiographs",
        "One large picture; a thumbnail of 4 KB, a readable one of 40 KB, a good one of 120 KB, then the original.",
        ["CR", "DX", "RG", "PX", "IO"]
      ) {
        $0.layers = kilobytes(4, 12, 40, 120, 480)
        $0.thumbnail = 192
      },
      rule(
        "computed tomography",
        "Many slices; 3 KB of each are enough for all thumbnails, 12 KB are a 40:1 preview at 42 dB on real slices.",
        ["CT", "PT"]
      ) { $0.layers = kilobytes(3, 12, 40, 120) },
      rule("magnetic resonance", "Slices are smaller than those of CT, so the layers are, too.", ["MR"]) {
        $0.layers = kilobytes(3, 8, 24, 80)
      },
      rule(
        "ultrasound",
        "Names are often burned into ultrasound pictures, so thumbnails of those that say so show no picture.",
        ["US", "IVUS", "ES"]
      ) {
        $0.layers = kilobytes(4, 12, 40, 120)
        $0.hideBurnedInText = true
      },
      rule(
        "angiography and fluoroscopy", "Long runs of similar frames; small layers bring the whole run early.",
        ["XA", "RF"]
      ) { $0.layers = kilobytes(4, 12, 40) },
      rule("nuclear medicine", "Small matrices with high counts; two layers are enough.", ["NM"]) {
        $0.layers = kilobytes(2, 8)
      },
      rule(
        "photographs and smears",
        "Colour pictures of cells and skin are judged by fine texture; the layers are larger.",
        ["XC", "GM", "SM", "OP", "OPT"]
      ) {
        $0.layers = kilobytes(8, 40, 160, 640)
        $0.thumbnail = 192
      },
      rule("everything else", "What nobody thought of is kept lossless, with the usual layers.", nil) {
        $0.layers = kilobytes(4, 12, 40, 120)
      },
    ])

  private static func rule(
    _ name: String, _ because: String, _ modalities: [String]?, _ change: (inout ProfileAction) -> Void
  ) -> ProfileRule {
    var action = ProfileAction()
    change(&action)
    let conditions = modalities.map { [ProfileCondition(key: .modality, test: .oneOf($0))] }
    return ProfileRule(name: name, because: because, conditions: conditions ?? [], action: action)
  }

  private static func kilobytes(_ sizes: Int...) -> [Int] { sizes.map { $0 << 10 } }
}
