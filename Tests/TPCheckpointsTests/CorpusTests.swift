import Foundation
import TPBytes
import TPCheckpoints
import TPTensors
import Testing

private let corpus = ProcessInfo.processInfo.environment["TORCHPORT_CORPUS"]

/// Files that others made, through the one door: digests of every element, and names for the rest.
@Suite(
  .enabled(
    if: corpus != nil, "TORCHPORT_CORPUS is unset: the folder of public checkpoints is not here"))
struct CorpusTests {
  private static func expected() throws -> [JSONValue.Member] {
    let text = try SharedBytes(path: try #require(corpus) + "/expected.json")
    return try JSONValue(parsing: text.bytes).members ?? []
  }

  @Test func digestsOfZipCheckpoints() throws {
    let folder = try #require(corpus)
    var count = 0
    for file in try Self.expected() where file.value["container"] == "torch-zip" {
      let checkpoint = try CheckpointFile.open(path: folder + "/" + file.key)
      let found = try checkpoint.tensors.map {
        "\($0.name) \(try TensorDigest(of: $0.tensor))"
      }.sorted()
      let rows = file.value["tensors"]?.array ?? []
      let wanted = rows.map { "\($0["path"]?.string ?? "?") \($0["sha256"]?.string ?? "?")" }
      #expect(found == wanted.sorted(), "\(file.key)")
      count += 1
    }
    #expect(count == 129)
  }

  /// Containers that are not read yet are refused under their name, with what to do.
  @Test func otherContainersAreNamed() throws {
    let folder = try #require(corpus)
    for file in try Self.expected() where file.value["container"] != "torch-zip" {
      let error = #expect(throws: PortError.self, "\(file.key)") {
        try CheckpointFile.open(path: folder + "/" + file.key)
      }
      #expect(error?.kind == .unsupported, "\(file.key)")
      #expect(error?.remedy != nil, "\(file.key)")
    }
  }

  /// Whatever lies there is read or refused; nothing is left without a file name in its error.
  @Test func everyFile() throws {
    let folder = try #require(corpus)
    var count = 0
    for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
      let whole = folder + "/" + path
      do {
        _ = try CheckpointFile.open(path: whole)
      } catch {
        #expect(error.file == whole)
      }
      count += 1
    }
    #expect(count > 215)
  }
}
