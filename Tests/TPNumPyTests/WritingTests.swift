import Foundation
import TPBytes
import TPNumPy
import TPTensors
import TestSupport
import Testing

/// Archives are held against those that `numpy.savez` itself made, byte for byte.
@Suite struct WritingTests {
  private func written(_ contents: WeightFile) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "out.npz").path
    var output = try AtomicFile(path: path, replacing: false)
    try NumPyFile.writeArchive(contents, to: &output)
    try output.commit()
    return [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  private func contents(_ pairs: [(String, Tensor)], facts: [String: String] = [:]) throws
    -> WeightFile
  {
    WeightFile(
      tensors: try StateDict(pairs.map { (name: $0.0, tensor: $0.1) }), facts: facts, digests: [:])
  }

  @Test func theBytesAreThoseOfNumPy() throws {
    let original = try WeightFiles.bytes("../written/arrays.npz")
    let checkpoint = try NumPyFile.readArchive(SharedBytes(original))
    #expect(checkpoint.tensors.count == 44)
    let bytes = try written(contents(checkpoint.tensors.map { ($0.name, $0.tensor) }))
    let same = zip(bytes, original).prefix { $0 == $1 }.count
    #expect((bytes.count, same) == (original.count, original.count))
  }

  @Test func factsAreTheComment() throws {
    let tensor = Tensor(floats: [1, 2], shape: Shape(known: [2]))
    let facts = ["epoch": "3", "classes": "[\"\u{E9}\",\"b\"]"]
    let bytes = try written(contents([("a", tensor)], facts: facts))
    let comment = #"{"torchport.classes":"[\"é\",\"b\"]","torchport.epoch":"3"}"#
    #expect(bytes.suffix(comment.utf8.count).elementsEqual(comment.utf8))
    let checkpoint = try NumPyFile.readArchive(SharedBytes(bytes))
    #expect(checkpoint.tensors.map(\.name) == ["a"])
    #expect(checkpoint.metadata.node(at: "torchport.epoch") == .string("3"))
    #expect(checkpoint.metadata.node(at: "torchport.classes") == .string("[\"\u{E9}\",\"b\"]"))
  }

  @Test func factsBeyondAComment() throws {
    let tensor = Tensor(floats: [1], shape: Shape(known: [1]))
    let long = String(repeating: "x", count: NumPyFile.factLimit)
    #expect {
      try written(contents([("a", tensor)], facts: ["classes": long]))
    } throws: { error in
      let error = error as? PortError
      return error?.kind == .limit && error?.remedy?.contains(".safetensors") == true
    }
  }

  @Test func everyTensorThatNumPyCannotHoldIsNamed() throws {
    let storage = Storage(key: "0", region: ByteRegion([UInt8](repeating: 0, count: 4)))
    let pairs = try (0..<7).map { number in
      (
        "layer\(number)",
        try Tensor(
          dtype: number == 6 ? .float8_e4m3fn : .bfloat16, shape: Shape([2]), storage: storage)
      )
    }
    let fine = Tensor(floats: [1], shape: Shape(known: [1]))
    #expect {
      try written(contents(pairs + [("fine", fine)]))
    } throws: { error in
      let error = error as? PortError
      return error?.kind == .unsupported
        && error?.message
          == "NumPy has no type for bfloat16, float8_e4m3fn: layer0, layer1, layer2, layer3, layer4"
          + " and 2 more"
    }
  }

  @Test func keysThatNumPyConfuses() throws {
    let tensor = Tensor(floats: [1], shape: Shape(known: [1]))
    #expect(throws: PortError.self) {
      try written(contents([("a", tensor), ("a.npy", tensor)]))
    }
    // Alone it is found: its member is a.npy.npy.
    #expect(throws: Never.self) { try written(contents([("a.npy", tensor)])) }
    #expect(throws: PortError.self) { try written(contents([("a\0", tensor)])) }
  }
}
