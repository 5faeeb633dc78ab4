import TPBytes
import TPCheckpoints
import TPTensors
import TestSupport
import Testing

/// A checkpoint in several files, opened by its index.
@Suite struct ShardedTests {
  private let folder = TemporaryFolder()

  /// A pickle that names classes and has a tensor without elements under a key.
  private func pickle(_ key: String, classes: [String]) -> [UInt8] {
    var writer = ByteWriter()
    writer.append([0x80, 2])
    for name in classes { writer.append(utf8: "cmodule\n\(name)\n0") }
    writer.append(utf8: "}U")
    writer.append([UInt8(key.utf8.count)])
    writer.append(utf8: key)
    writer.append(utf8: "ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\n")
    // Shape (1,), strides (1,), False; the call, its place in the dict, and the end.
    writer.append([0x4B, 1, 0x85, 0x4B, 1, 0x85, 0x89])
    writer.append(utf8: "tRs.")
    return writer.bytes
  }

  /// In time that does not grow with the square of their number.
  @Test func theClassesOfAllFilesAreCounted() throws {
    let count = 100_000
    let names = (0..<count).map { "Class\($0)" }
    let index = try save(names, names)
    let start = ContinuousClock.now
    let checkpoint = try CheckpointFile.open(path: index)
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(checkpoint.container == .torchSharded)
    #expect(checkpoint.tensors.map(\.name) == ["a", "b"])
    let classes = checkpoint.globals.filter { $0.module == "module" }
    #expect(classes.count == count)
    #expect(classes.allSatisfy { $0.count == 2 })
  }

  /// U+212A is a K to Swift and none to Python.
  @Test func classesThatOnlyLookTheSameAreTwo() throws {
    let checkpoint = try CheckpointFile.open(path: try save(["K"], ["\u{212A}"]))
    let classes = checkpoint.globals.filter { $0.module == "module" }
    #expect(classes.map { Array($0.name.utf8) } == [[0x4B], [0xE2, 0x84, 0xAA]])
    #expect(classes.map(\.count) == [1, 1])
  }

  /// Two files whose pickles name classes, and their index.
  private func save(_ first: [String], _ second: [String]) throws -> String {
    _ = try folder.save("a.bin", pickle("a", classes: first))
    _ = try folder.save("b.bin", pickle("b", classes: second))
    return try folder.save(
      "index.json", Array(#"{"weight_map": {"a": "a.bin", "b": "b.bin"}}"#.utf8))
  }
}
