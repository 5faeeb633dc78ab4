// swift-tools-version: 6.2
import PackageDescription

#if canImport(Glibc)
  import Glibc
#endif

/// A library target of ours; `imports` is its row of docs/house.json.
func module(
  _ name: String, imports: [String] = [], packages: [Target.Dependency] = [],
  libraries: [String] = []
) -> Target {
  .target(
    name: name, dependencies: imports.map { .init(stringLiteral: $0) } + packages,
    swiftSettings: swiftSettings + [.strictMemorySafety()],
    linkerSettings: libraries.map { .linkedLibrary($0) }
      + [.linkedLibrary("m", .when(platforms: [.linux]))])
}

/// The tests of one module, in Tests/MODULETests.
func tests(
  of name: String, imports: [String] = [], settings: [SwiftSetting] = testSettings
) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: ([name, "TestSupport"] + imports).map { .init(stringLiteral: $0) },
    swiftSettings: settings)
}

/// A C library of the system, through a module map and a shim header.
func system(_ name: String, pkgConfig: String?, apt: String, brew: String) -> Target {
  .systemLibrary(
    name: name, pkgConfig: pkgConfig, providers: [.apt([apt]), .brew([brew])])
}

/// Debian's archives of a C library, as the linker is asked for them, or nil where one is missing.
/// Linked so the command starts sooner and runs where the library is not installed.
func archives(_ names: [String], of header: String) -> [String]? {
  #if canImport(Glibc) && arch(x86_64)
    let folder = "/usr/lib/x86_64-linux-gnu/"
  #elseif canImport(Glibc) && arch(arm64)
    let folder = "/usr/lib/aarch64-linux-gnu/"
  #endif
  #if canImport(Glibc) && (arch(x86_64) || arch(arm64))
    let needed = names.map { folder + $0 } + ["/usr/include/" + header]
    return needed.allSatisfy { access($0, R_OK) == 0 } ? names.map { ":" + $0 } : nil
  #else
    return nil
  #endif
}

/// The shared libhdf5 brings libcurl, Kerberos, LDAP and thirty others, which no local file needs and
/// every start of the command would wait for.
let hdf5Archives = archives(
  ["libhdf5_serial.a", "libsz.a", "libaec.a"], of: "hdf5/serial/hdf5.h")
let yamlArchives = archives(["libyaml.a"], of: "yaml.h")
let cryptoArchives = archives(["libcrypto.a"], of: "openssl/sha.h")

/// Where CryptoKit is part of the system, libcrypto need not be there.
#if canImport(Darwin)
  let cryptoConfig: String? = nil
#else
  let cryptoConfig = cryptoArchives == nil ? "libcrypto" : nil
#endif

/// A sanitizer puts itself in the place of the C library's malloc, which it cannot in an executable
/// that hides its symbols.
#if canImport(Glibc)
  let isSanitized = getenv("TORCHPORT_SANITIZE") != nil
#else
  let isSanitized = false
#endif

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
]

/// A test runs once: to optimize it takes longer than that saves. What it tests is optimized.
let testSettings: [SwiftSetting] = swiftSettings + [.unsafeFlags(["-Onone"])]

let package = Package(
  name: "TorchPort",
  platforms: [.macOS(.v26), .iOS(.v26)],
  products: [
    .library(
      name: "TorchPort",
      targets: ["TPCheckpoints", "TPConversion", "TPComparison", "TPEvaluation", "TPParity"]),
    // What an app links to run a native weight file: no zip, no HDF5, no package.
    .library(name: "LipReading", targets: ["LipReading", "TPBytes"]),
    // The readers alone, without hashing: what Tests/Fuzzing links.
    .library(
      name: "TorchPortReaders", targets: ["TPTorchFiles", "TPSafeTensors", "TPNumPy"]),
    .executable(name: "torchport", targets: ["torchport"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    system("CTPLibZip", pkgConfig: "libzip", apt: "libzip-dev", brew: "libzip"),
    system(
      "CTPLibHDF5", pkgConfig: hdf5Archives == nil ? "hdf5" : nil, apt: "libhdf5-dev", brew: "hdf5"),
    system(
      "CTPLibDeflate", pkgConfig: "libdeflate", apt: "libdeflate-dev", brew: "libdeflate"),
    system(
      "CTPLibYAML", pkgConfig: yamlArchives == nil ? "yaml-0.1" : nil, apt: "libyaml-dev",
      brew: "libyaml"),
    system("CTPLibCrypto", pkgConfig: cryptoConfig, apt: "libssl-dev", brew: "openssl"),
    .target(
      name: "CTPKernels", linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),

    module("TPBytes"),
    module("TPTensors", imports: ["TPBytes"]),
    module("TPPickle", imports: ["TPBytes"]),
    module("TPZip", imports: ["TPBytes", "CTPLibZip", "CTPLibDeflate"]),
    module("TPTorchFiles", imports: ["TPPickle", "TPZip", "TPTensors", "TPBytes"]),
    module("TPSafeTensors", imports: ["TPTensors", "TPBytes", "CTPKernels"]),
    module(
      "TPHDF5", imports: ["TPTensors", "TPBytes", "CTPLibHDF5"],
      libraries: hdf5Archives.map { $0 + ["z", "dl"] } ?? []),
    module("TPNumPy", imports: ["TPTensors", "TPZip", "TPBytes"]),
    module("TPModels", imports: ["TPTensors", "TPBytes", "CTPKernels"]),
    module("LipReading", imports: ["TPModels", "TPSafeTensors", "TPTensors", "TPBytes"]),
    module(
      "TPCheckpoints",
      imports: [
        "TPTorchFiles", "TPSafeTensors", "TPHDF5", "TPNumPy", "TPTensors", "TPBytes",
        "CTPLibCrypto",
      ],
      libraries: cryptoArchives ?? []),
    module(
      "TPScanning",
      imports: [
        "TPTorchFiles", "TPPickle", "TPZip", "TPCheckpoints", "TPNumPy", "TPTensors", "TPBytes",
      ]),
    module("TPParity", imports: ["TPCheckpoints", "TPModels", "TPTensors", "TPBytes"]),
    module(
      "TPConversion", imports: ["TPParity", "TPCheckpoints", "TPModels", "TPTensors", "TPBytes"]),
    module(
      "TPEvaluation",
      imports: [
        "TPParity", "TPCheckpoints", "TPModels", "LipReading", "TPTensors", "TPBytes",
        "CTPLibDeflate",
      ]),
    module(
      "TPComparison",
      imports: [
        "TPEvaluation", "TPParity", "TPCheckpoints", "TPModels", "TPTensors", "TPBytes",
        "CTPKernels",
      ]),
    module(
      "TPBenchmarks",
      imports: [
        "TPComparison", "TPConversion", "TPParity", "TPCheckpoints", "LipReading", "TPModels",
        "TPTensors", "TPBytes", "CTPKernels",
      ]),
    module(
      "TPReports",
      imports: [
        "TPBenchmarks", "TPComparison", "TPEvaluation", "TPConversion", "TPParity", "TPScanning",
        "TPCheckpoints", "LipReading",
        "TPModels", "TPTorchFiles", "TPPickle", "TPTensors", "TPBytes",
      ]),
    module(
      "TPCommands",
      imports: [
        "TPReports", "TPBenchmarks", "TPComparison", "TPEvaluation", "TPConversion", "TPParity",
        "TPScanning",
        "TPCheckpoints", "LipReading", "TPModels", "TPHDF5", "TPNumPy", "TPZip", "TPPickle",
        "TPTensors",
        "TPBytes", "CTPLibYAML",
      ],
      packages: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
      libraries: yamlArchives ?? []),
    .executableTarget(
      name: "torchport", dependencies: ["TPCommands"],
      swiftSettings: swiftSettings + [.strictMemorySafety()],
      // Eleven libraries fewer to load at every start, and the command runs where Swift is not
      // installed. The two named ones are what FoundationEssentials, which ArgumentParser uses, is
      // made of.
      // -static-stdlib would export every symbol, 22,000 of them, and so keep what nothing calls.
      linkerSettings: isSanitized
        ? []
        : [
          .unsafeFlags(
            [
              "-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims", "-use-ld=lld",
              "-Xlinker", "--no-export-dynamic",
            ], .when(platforms: [.linux], configuration: .release))
        ]),

    // What several tests need: the fixtures' paths, folders that go, random numbers that repeat.
    .target(
      name: "TestSupport", dependencies: ["TPTensors", "TPBytes"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    tests(of: "TPBytes"),
    tests(of: "TPTensors", imports: ["TPBytes"]),
    tests(of: "TPPickle", imports: ["TPBytes"]),
    tests(of: "TPZip", imports: ["TPBytes"]),
    tests(of: "TPTorchFiles", imports: ["TPPickle", "TPZip", "TPTensors", "TPBytes"]),
    tests(of: "TPSafeTensors", imports: ["TPTensors", "TPBytes"]),
    tests(of: "TPHDF5", imports: ["TPTensors", "TPBytes"]),
    tests(of: "TPNumPy", imports: ["TPTensors", "TPBytes"]),
    tests(of: "TPModels", imports: ["TPTensors", "TPBytes"]),
    // These look at each of 16,777,216 colours.
    tests(of: "LipReading", imports: ["TPBytes"], settings: swiftSettings),
    tests(
      of: "TPCheckpoints",
      imports: [
        "TPTorchFiles", "TPSafeTensors", "TPNumPy", "TPPickle", "TPZip", "TPTensors", "TPBytes",
      ]),
    tests(of: "TPScanning", imports: ["TPBytes"]),
    tests(of: "TPParity", imports: ["TPCheckpoints", "TPModels", "TPTensors", "TPBytes"]),
    tests(
      of: "TPConversion",
      imports: ["TPParity", "TPCheckpoints", "TPModels", "TPTensors", "TPBytes"]),
    tests(
      of: "TPEvaluation",
      imports: ["TPCheckpoints", "TPModels", "LipReading", "TPTensors", "TPBytes"]),
    tests(
      of: "TPComparison", imports: ["TPCheckpoints", "TPModels", "TPTensors", "TPBytes"]),
    tests(of: "TPBenchmarks", imports: ["TPModels"]),
    tests(of: "TPReports", imports: ["TPBytes"]),
    .testTarget(
      // Not "torchport" itself: these run the command, and its link is not that of a test.
      name: "torchportTests",
      // TPBenchmarks is not imported: after it come TPReports and the rest, one by one, and beside
      // them these, which are as much work as all of that.
      dependencies: [
        "TestSupport", "LipReading", "TPBenchmarks", "TPCheckpoints", "TPTensors", "TPBytes",
      ],
      swiftSettings: testSettings),
  ],
  cLanguageStandard: .c17
)
