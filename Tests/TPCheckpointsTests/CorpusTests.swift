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

  /// Container, path, type, shape, strides, offset and digest of every tensor, and no others.
  @Test func everyFileIsReadAsTheIndependentReaderReadIt() throws {
    let folder = try #require(corpus)
    var counts: [String: Int] = [:]
    for file in try Self.expected() {
      let container = try #require(file.value["container"]?.string)
      let checkpoint: Checkpoint
      do {
        checkpoint = try CheckpointFile.open(path: folder + "/" + file.key)
      } catch {
        Issue.record("\(file.key): \(error)")
        continue
      }
      #expect(checkpoint.container.rawValue == container, "\(file.key)")
      let found = try checkpoint.tensors.map { record in
        let tensor = record.tensor
        return [
          record.name, tensor.dtype.rawValue, "\(tensor.shape.extents)", "\(tensor.strides)",
          "\(tensor.offset)", try TensorDigest(of: tensor).description,
        ].joined(separator: " ")
      }.sorted()
      let wanted = (file.value["tensors"]?.array ?? []).map { row in
        let dtype = row["dtype"]?.string.flatMap { Self.shortNames[$0]?.rawValue } ?? "?"
        return [
          row["path"]?.string ?? "?", dtype, integers(row["shape"]), integers(row["stride"]),
          "\(row["offset"]?.int ?? -1)", row["sha256"]?.string ?? "?",
        ].joined(separator: " ")
      }.sorted()
      #expect(found == wanted, "\(file.key)")
      #expect(checkpoint.verifyChecksums().mismatched == [])
      counts[container, default: 0] += 1
    }
    print("corpus: \(counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" })")
    #expect(counts == ["torch-zip": 129, "torch-legacy": 69, "torchscript-zip": 17])
  }

  private static let shortNames: [String: DType] = [
    "f64": .float64, "f32": .float32, "f16": .float16, "bf16": .bfloat16, "i64": .int64,
    "i32": .int32, "i16": .int16, "i8": .int8, "u8": .uint8, "bool": .bool, "c64": .complex64,
    "c128": .complex128,
  ]

  private func integers(_ value: JSONValue?) -> String {
    "\(value?.array?.compactMap(\.int) ?? [])"
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
