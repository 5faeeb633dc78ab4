// swift-tools-version: 6.2
import PackageDescription

// libFuzzer on the readers of the package above; a package of its own, so that ordinary builds never
// see it. `make fuzz` builds and runs it.
let package = Package(
  name: "Fuzzing",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "TorchPort", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [.product(name: "TorchPortReaders", package: "TorchPort")],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])])
  ]
)
