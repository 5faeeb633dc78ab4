import Foundation

/// A new empty folder, removed with everything in it when the value goes.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() {
    path = NSTemporaryDirectory() + "/torchport-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// What lies in it, hidden files too.
  package var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  package func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and gives its path.
  package func save(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }
}

/// What the tests of this process write where no value keeps a folder; removed when it ends.
private enum Scratch {
  static let folder = TemporaryFolder()

  static func remove() { try? FileManager.default.removeItem(atPath: folder.path) }

  static let isRemovedAtTheEnd = atexit { Scratch.remove() } == 0
}

/// A file name in a new folder of its own, which goes when the process ends.
package func temporaryPath(_ name: String) throws -> String {
  _ = Scratch.isRemovedAtTheEnd
  let folder = Scratch.folder.file(UUID().uuidString)
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  return folder + "/" + name
}
