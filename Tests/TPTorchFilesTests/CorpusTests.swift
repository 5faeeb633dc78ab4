import Foundation
import TPBytes
import TPTensors
import TPTorchFiles
import Testing

private let corpus = ProcessInfo.processInfo.environment["TORCHPORT_CORPUS"]

/// Checkpoints that others made, against what an independent reader found in them.
@Suite(
  .enabled(
    if: corpus != nil, "TORCHPORT_CORPUS is unset: the folder of public checkpoints is not here"))
struct CorpusTests {
  private static let shortNames: [String: DType] = [
    "f64": .float64, "f32": .float32, "f16": .float16, "bf16": .bfloat16, "i64": .int64,
    "i32": .int32, "i16": .int16, "i8": .int8, "u8": .uint8, "bool": .bool, "c64": .complex64,
    "c128": .complex128,
  ]

  @Test func everyZipCheckpoint() throws {
    let folder = try #require(corpus)
    let text = try SharedBytes(path: folder + "/expected.json")
    let expected = try JSONValue(parsing: text.bytes, depth: 20)
    var count = 0
    for file in expected.members ?? [] where file.value["container"] == "torch-zip" {
      let bytes = try SharedBytes(path: folder + "/" + file.key)
      let checkpoint: Checkpoint
      do {
        checkpoint = try TorchFile.read(bytes)
      } catch {
        Issue.record("\(file.key): \(error)")
        continue
      }
      let found = checkpoint.tensors.map { describe($0.name, $0.tensor) }.sorted()
      let wanted = (file.value["tensors"]?.array ?? []).map { (tensor: JSONValue) -> String in
        let dtype = tensor["dtype"]?.string.flatMap { Self.shortNames[$0]?.rawValue } ?? "?"
        return [
          tensor["path"]?.string ?? "?", dtype, integers(tensor["shape"]),
          integers(tensor["stride"]), "\(tensor["offset"]?.int ?? -1)",
        ].joined(separator: " ")
      }
      #expect(found == wanted.sorted(), "\(file.key)")
      for record in checkpoint.tensors { _ = try record.tensor.contiguousBytes() }
      #expect(checkpoint.verifyChecksums().mismatched == [])
      count += 1
    }
    #expect(count == 129)
  }

  private func describe(_ name: String, _ tensor: Tensor) -> String {
    [
      name, tensor.dtype.rawValue, "\(tensor.shape.extents)", "\(tensor.strides)",
      "\(tensor.offset)",
    ].joined(separator: " ")
  }

  private func integers(_ value: JSONValue?) -> String {
    "\(value?.array?.compactMap(\.int) ?? [])"
  }
}
