import TPBytes
import TPTensors
import TPTorchFiles
import TestSupport

/// The files of fixtures/torch-files and what PyTorch reads from them.
enum Fixtures {
  static let folder = fixture("torch-files/")

  static let expected: JSONValue = {
    guard let text = try? SharedBytes(path: folder + "expected.json"),
      let json = try? JSONValue(parsing: text.bytes)
    else { return .null }
    return json
  }()

  static let good = names("good")
  static let bad = names("bad")

  private static func names(_ part: String) -> [String] {
    (expected[part]?.members ?? []).map(\.key)
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    try SharedBytes(path: folder + name).region.array()
  }

  static func read(
    _ name: String, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Checkpoint {
    try TorchFile.read(try SharedBytes(path: folder + name), limits: limits)
  }
}

/// The error that reading a file, and every tensor in it, ends in.
func failure(_ bytes: [UInt8], limits: ReadLimits = ReadLimits()) -> PortError? {
  do throws(PortError) {
    let checkpoint = try TorchFile.read(SharedBytes(bytes), limits: limits)
    for record in checkpoint.tensors { _ = try record.tensor.contiguousBytes(limits: limits) }
    return nil
  } catch {
    return error
  }
}
