// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in our own targets, and C and C++ are optimised even in a debug build:
// a debug build that receives or decodes ten times slower than the real one tests something else.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let optimised = ["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"]

// DCMTK is named library by library: Debian's pkg-config file asks for libsndfile's, which nobody needs here.
let dcmtk = [
  "dcmnet", "dcmtls", "dcmjpeg", "dcmimage", "dcmimgle", "dcmdata", "oflog", "ofstd",
  "ijg8", "ijg12", "ijg16", "crypto", "ssl", "z", "pthread",
]

// With REKKAS_FUZZ set there is one more executable, and our own rooms are built for libFuzzer (see Scripts/fuzz). Optimised, or
// it would try a tenth; every symbol reachable, as in a debug build.
let isFuzzing = Context.environment["REKKAS_FUZZ"] != nil
let sanitized = isFuzzing ? ["-fsanitize=fuzzer-no-link,address"] : []
let rooms: [SwiftSetting] =
  strict + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer,address", "-O", "-enable-testing"])] : [])

let package = Package(
  name: "rekkas",
  products: [.executable(name: "rekkas", targets: ["rekkas"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.20.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .target(
      name: "CDCMTK",
      cxxSettings: [.unsafeFlags(optimised + sanitized)],
      linkerSettings: dcmtk.map { .linkedLibrary($0) }),
    .target(
      name: "CCodecs",
      cSettings: [.unsafeFlags(optimised + sanitized)],
      linkerSettings: ["turbojpeg", "png", "z", "zstd", "openjp2", "jxl", "charls"].map { .linkedLibrary($0) }),
    .target(
      name: "DICOM",
      dependencies: ["CDCMTK"],
      swiftSettings: rooms),
    .target(
      name: "Imaging",
      dependencies: ["CCodecs", "DICOM"],
      swiftSettings: rooms),
    .target(
      name: "Archive",
      dependencies: [
        "DICOM", "Imaging",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
      ],
      swiftSettings: rooms),
    .target(
      name: "DIMSE",
      dependencies: [
        "Archive", "DICOM",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: rooms),
    .target(
      name: "Relay",
      dependencies: [
        "Archive", "DICOM", "Imaging",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: rooms),
    .target(
      name: "Web",
      dependencies: [
        "Archive", "DICOM", "Imaging",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      resources: [.embedInCode("Page/Files")],
      swiftSettings: rooms),
    .executableTarget(
      name: "rekkas",
      dependencies: [
        "Archive", "DICOM", "DIMSE", "Imaging", "Relay", "Web",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: strict),
    .testTarget(name: "DICOMTests", dependencies: ["DICOM"], swiftSettings: strict),
    .testTarget(name: "ImagingTests", dependencies: ["Imaging"], swiftSettings: strict),
    .testTarget(name: "ArchiveTests", dependencies: ["Archive"], swiftSettings: strict),
    .testTarget(name: "DIMSETests", dependencies: ["DIMSE"], swiftSettings: strict),
    .testTarget(
      name: "RelayTests",
      dependencies: ["Relay", "Web", .product(name: "HummingbirdTesting", package: "hummingbird")],
      swiftSettings: strict),
    .testTarget(
      name: "WebTests",
      dependencies: ["Web", .product(name: "HummingbirdTesting", package: "hummingbird")],
      swiftSettings: strict),
    .testTarget(
      name: "IntegrationTests", dependencies: ["DICOM", "Imaging", "rekkas"], exclude: ["Clients"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

if isFuzzing {
  package.targets += [
    .target(
      name: "CFuzz", dependencies: ["CDCMTK"], path: "Tests/Fuzz/CFuzz",
      cxxSettings: [.unsafeFlags(optimised + sanitized + ["-ISources/CDCMTK"])]),
    .executableTarget(
      name: "rekkas-fuzz",
      dependencies: ["Archive", "CFuzz", "DICOM", "Imaging", "Relay", "Web", .product(name: "Yams", package: "Yams")],
      path: "Tests/Fuzz/Fuzz", swiftSettings: rooms,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
  ]
}
