import Foundation

/// A new empty folder, removed with everything in it when the value goes.
final class ScratchFolder: Sendable {
  private let path: String

  init() {
    path = NSTemporaryDirectory() + "/torchport-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}
