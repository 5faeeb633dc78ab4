import Synchronization
import TPBytes
import TPCheckpoints
import TPTensors
import TestSupport
import Testing

private final class Counter: Sendable {
  let count = Mutex(0)
}

@Suite struct DigestTests {
  static func tensor(_ dtype: DType, _ extents: [Int], _ bytes: [UInt8]) throws -> Tensor {
    try Tensor(
      dtype: dtype, shape: Shape(known: extents),
      storage: Storage(key: "", region: ByteRegion(bytes)))
  }

  /// Computed by fixtures/golden.py's content_digest over the same tensors in PyTorch: another
  /// order, a name beyond ASCII, a scalar, a transposed view, an empty tensor, booleans.
  @Test func agreesWithPython() throws {
    let base = Tensor(floats: [0, 1, 2, 3, 4, 5], shape: Shape(known: [2, 3]))
    let transposed = try Tensor(
      dtype: .float32, shape: Shape(known: [3, 2]), strides: [1, 3], offset: 0,
      storage: base.storage)
    let stateDict = try StateDict([
      ("b.weight", Tensor(floats: [1.5, -2], shape: Shape(known: [2]))),
      ("a.ü", try Self.tensor(.int64, [], [7, 0, 0, 0, 0, 0, 0, 0])),
      ("t", transposed),
      ("é", try Self.tensor(.bfloat16, [0, 4], [])),
      ("z", try Self.tensor(.bool, [2], [1, 0])),
    ])
    let digest = try ContentDigest(of: stateDict)
    #expect(
      digest.description == "e78a1a82a0a26ff443346230ee35ded1cb964b0613571a9ba22106a44ab5d1f2")
    #expect(
      digest.tensors == [
        "b.weight": "252b3318179cc24998f3670913d52d39085cf65b0dfa98fa523ffeab4b6683fe",
        "a.ü": "aae89fc0f03e2959ae4d701a80cc3915918c950b159f6abb6c92c1433b1a8534",
        "t": "0c9d0bb54e4f5a0121543129f106617549c7ff2b34c6842c5a2e19186c5a7914",
        "é": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "z": "47dc540c94ceb704a23875c11273e16bb0b8a87aed84de911f2133568115f254",
      ])
  }

  @Test func ofNothing() throws {
    #expect(
      try ContentDigest(of: StateDict()).description
        == "15829dd6002b3f8ce31dd9ef0c19a71cafb5ba6bf794096721973f7c3eb5b838")
  }

  /// The elements of a large file are not all in memory once its digest is known, nor fetched again
  /// for the same digest.
  @Test(arguments: [(3, 2), (4, 1)]) func keepsNoElementsPastTheBudget(
    byteCount: Int, fetches: Int
  ) throws {
    let counter = Counter()
    let storage = Storage(key: "0", byteCount: 4, budget: CacheBudget(byteCount)) {
      () throws(PortError) in
      counter.count.withLock { $0 += 1 }
      return ByteRegion([0, 0, 128, 63])
    }
    let tensor = try Tensor(dtype: .float32, shape: Shape(known: [1]), storage: storage)
    let digest = try TensorDigest(of: tensor)
    #expect(try ContentDigest(of: StateDict([("w", tensor)])).tensors["w"] == digest.description)
    #expect(counter.count.withLock { $0 } == 1)
    #expect(try tensor.floats() == [1])
    #expect(counter.count.withLock { $0 } == fetches)
  }

  /// Views of one storage that do not show it as it is have digests of their own.
  @Test func ofViewsOfOneStorage() throws {
    let bytes: [UInt8] = [1, 2, 3, 4]
    let shape = Shape(known: [2, 2])
    let storage = Storage(key: "0", region: ByteRegion(bytes))
    let big = Storage(key: "0", byteOrder: .big, region: ByteRegion(bytes))
    let views = [
      try Tensor(dtype: .uint8, shape: shape, storage: storage),
      try Tensor(dtype: .uint8, shape: shape, strides: [1, 2], offset: 0, storage: storage),
      try Tensor(
        dtype: .uint8, shape: Shape(known: [2]), strides: [1], offset: 0, storage: storage),
      try Tensor(
        dtype: .int8, shape: shape, strides: [2, 1], offset: 0, storage: storage,
        pending: .negation),
      try Tensor(dtype: .uint8, shape: shape, storage: big),
      try Tensor(dtype: .int16, shape: Shape(known: [2]), storage: big),
    ]
    let expected: [[UInt8]] = [
      bytes, [1, 3, 2, 4], [1, 2], [255, 254, 253, 252], bytes, [2, 1, 4, 3],
    ]
    for (view, bytes) in zip(views, expected) {
      let own = try Self.tensor(.uint8, [bytes.count], bytes)
      #expect(try TensorDigest(of: view) == TensorDigest(of: own))
      #expect(try TensorDigest(of: view) == TensorDigest(of: own))
    }
  }

  /// The mark makes one character with the slash before it.
  @Test func aDatasetWhoseNameBeginsWithACombiningMarkIsHeldToItsDigest() throws {
    let name = "\u{301}w"
    let tensor = Tensor(floats: [1.5], shape: Shape(known: [1]))
    let contents = WeightFile(
      tensors: try StateDict([(name, tensor)]), facts: ["profile": "1"],
      digests: [name: try TensorDigest(of: tensor).description])
    let path = try temporaryPath("marked.h5")
    try CheckpointFile.write(contents, format: .hdf5, to: path, replacing: false)
    let checkpoint = try CheckpointFile.open(path: path)
    #expect(checkpoint.tensors.map(\.name) == [name])
    #expect(checkpoint.verifyChecksums().verified == 1)
    #expect(checkpoint.parts.isEmpty)
  }

  @Test func missingBytesNameTheKey() throws {
    let storage = Storage(key: "0", byteCount: 4) { () throws(PortError) in
      throw PortError(.checksum, "broken")
    }
    let tensor = try Tensor(dtype: .float32, shape: Shape(known: [1]), storage: storage)
    #expect(throws: PortError(.checksum, "broken", key: "w")) {
      try ContentDigest(of: StateDict([("w", tensor)]))
    }
  }
}
