import Foundation
import TPBytes
import TPSafeTensors
import TPTensors
import TestSupport
import Testing

/// Several names of one tensor in the native profile.
@Suite struct AliasTests {
  private func tied() throws -> WeightFile {
    let storage = Storage(key: "0", region: ByteRegion((0..<32).map { UInt8($0) }))
    let whole = try Tensor(
      dtype: .float32, shape: Shape([2, 4]), strides: [4, 1], offset: 0, storage: storage)
    let part = try Tensor(
      dtype: .float32, shape: Shape([4]), strides: [1], offset: 2, storage: storage)
    return try weights([
      ("decoder", whole), ("other", Tensor(floats: [1], shape: Shape(known: [1]))),
      ("alone", part), ("encoder", whole), ("b.third", whole),
    ])
  }

  @Test func namesOfOneTensorAreWrittenOnceAndComeBackTied() throws {
    let contents = try tied()
    let bytes = try written(contents)
    let json = try header(of: bytes)
    #expect(json.members?.map(\.key) == ["__metadata__", "alone", "decoder", "other"])
    #expect(
      json["__metadata__"]?["torchport.aliases"]?.string
        == #"[["decoder","encoder","b.third"]]"#)
    let checkpoint = try SafeTensors.read(SharedBytes(bytes))
    #expect(checkpoint.tensors.map(\.name) == contents.tensors.names)
    for (record, entry) in zip(checkpoint.tensors, contents.tensors.entries) {
      #expect(try record.tensor.summary() == entry.tensor.summary())
    }
    let read = try StateDict(checkpoint.tensors.map { ($0.name, $0.tensor) })
    #expect(read.aliases == [["decoder", "encoder", "b.third"]])
    // The header and three tensors.
    #expect(checkpoint.verifyChecksums().verified == 4)
  }

  @Test func aPlainFileHasEveryNameInFull() throws {
    var contents = try tied()
    contents.facts = [:]
    let checkpoint = try SafeTensors.read(SharedBytes(try written(contents)))
    #expect(checkpoint.tensors.count == 5)
    #expect(checkpoint.tensors.allSatisfy { $0.tensor.storage.byteCount > 0 })
  }

  @Test(arguments: [
    "[[\"decoder\"]]", "[[\"decoder\",\"decoder\"]]", "[[\"nobody\",\"encoder\"]]",
    "[[\"decoder\",\"encoder\"],[\"decoder\",\"b.third\"]]", "[[\"decoder\",\"other\"]]",
    "[[\"decoder\",7]]", "{}", "[\"decoder\"]", "[[\"encoder\",\"b.third\"],[\"decoder\",\"x\"]]",
    "[]",
    "[[\"decoder\",\"encoder\"]]", "[[\"decoder\",\"encoder\",\"b.third\",\"fourth\"]]",
    "[[\"decoder\",\"encoder\",\"b.third\",\"encoder\"]]", "[[\"other\",\"encoder\",\"b.third\"]]",
  ])
  func contradictionsAreRefused(aliases: String) throws {
    var contents = try tied()
    // Names of different tensors have different digests.
    for name in ["other", "alone"] { contents.digests[name] = String(repeating: "d", count: 64) }
    let bytes = try edited(try written(contents)) { $0["torchport.aliases"] = aliases }
    #expect(failure(reading: bytes)?.kind == .malformed)
  }
}
