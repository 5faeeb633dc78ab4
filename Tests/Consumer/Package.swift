// swift-tools-version: 6.2
import PackageDescription

// What a user of the two library products writes, as a package of its own. `check.sh` builds and runs it, and proves
// what an app that links `LipReading` does not need.
let package = Package(
  name: "Consumer",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "TorchPort", path: "../..")],
  targets: [
    .executableTarget(
      name: "classify", dependencies: [.product(name: "LipReading", package: "TorchPort")]),
    .executableTarget(
      name: "port", dependencies: [.product(name: "TorchPort", package: "TorchPort")]),
  ]
)
