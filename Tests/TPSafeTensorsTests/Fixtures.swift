import Foundation
import TPBytes
import TPTensors

/// The files that fixtures/weight-files/make.py made, and what their makers say is in them.
enum Fixtures {
  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "fixtures/weight-files")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: name)))
  }

  static func expected(_ name: String) throws -> JSONValue {
    let text = try bytes("expected.json")
    return try JSONValue(parsing: text.span.bytesView)[name] ?? .null
  }

  /// A folder for what the tests of this process write, removed when it ends.
  private static let scratch: URL = {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    atexit { try? FileManager.default.removeItem(at: Fixtures.scratch) }
    return folder
  }()

  /// A file name in a folder of its own for one test.
  static func temporary(_ name: String) throws -> String {
    let folder = scratch.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.appending(path: name).path
  }

  /// What a body throws, `nil` where it does not.
  static func failure(_ body: () throws(PortError) -> Void) -> PortError? {
    do throws(PortError) {
      try body()
      return nil
    } catch {
      return error
    }
  }
}

extension JSONValue {
  /// A tensor of expected.json, in the words of `Tensor.summary()`.
  var summary: String {
    let shape = self["shape"]?.array?.compactMap(\.int) ?? []
    return "\(self["dtype"]?.string ?? "?") \(shape) \(self["hex"]?.string ?? "?")"
  }
}

extension Tensor {
  /// Type, shape and the contiguous little-endian row-major bytes.
  func summary() throws -> String {
    "\(dtype.rawValue) \(shape.extents) \(hexadecimal(try contiguousBytes().array()))"
  }
}
