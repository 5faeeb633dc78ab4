import Foundation

/// A program of the system; `nil` where it is not installed.
struct Program {
  let path: String

  init?(_ name: String) {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
      .split(separator: ":")
    guard
      let found = folders.map({ "\($0)/\(name)" }).first(where: {
        FileManager.default.isExecutableFile(atPath: $0)
      })
    else { return nil }
    path = found
  }

  /// Runs it and waits for it.
  func run(
    _ arguments: String..., environment: [String: String] = [:], folder: String? = nil
  ) throws -> Run {
    try torchport(
      arguments, environment: environment, folder: folder,
      executable: URL(fileURLWithPath: path))
  }
}
