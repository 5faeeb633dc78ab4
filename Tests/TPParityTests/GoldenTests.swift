import TPBytes
import TPParity
import TPTensors
import Testing

@Suite struct GoldenTests {
  /// Files made by numpy, torch, safetensors and h5py from the same arrays
  /// (fixtures/parity/make.py).
  @Test(arguments: ["npz", "pt", "safetensors", "h5"]) func formats(ending: String) throws {
    let golden = try Golden.open(path: Fixtures.folder + "parity/small." + ending)
    #expect(golden.clips == 2)
    #expect(try golden.input.tensor.floats() == [0, 0.125, 0.25, 0.375, 0.5, 0.625])
    #expect(Set(golden.recordings.map(\.name)) == ["logits", "conv", "fc"])
    #expect(golden["conv"]?.positions == [0, 5, 12, 23])
    #expect(try golden["conv"]?.tensor.floats() == [10, 11, 12, 13])
    #expect(golden["fc"]?.positions == nil)
    #expect(try golden["fc"]?.tensor.floats() == [1, 2, 3, 4])
    #expect(Set(golden.doubles.keys) == ["conv", "logits"])
    #expect(try golden.doubles["conv"]?.tensor.doubles() == [10.125, 11, 12, 13])
    let provenance = try #require(golden.provenance)
    #expect(provenance.torch == "2.13.0+cpu")
    #expect(provenance.mode == "eval")
    #expect(provenance.batches == [2])
    #expect(provenance.clips == ["first", "second"])
    #expect(provenance.classes == ["no", "yes"])
    #expect(provenance.shapes == ["conv": [2, 3, 4], "fc": [2, 2]])
    #expect(provenance.source == "small.pth")
    #expect(provenance.digest?.hasPrefix("0123456789abcdef0123") == true)
    #expect(provenance.threads == nil)
  }

  @Test func realProvenance() throws {
    let provenance = try #require(try Fixtures.golden("best").provenance)
    #expect(provenance.clips?[10] == "uniform noise in [0, 1), seed 1")
    #expect(provenance.shapes["conv3d1"] == [11, 16, 32, 64, 96])
    #expect(provenance.batches == [8, 1, 1, 1])
    #expect(provenance.mkldnn == true)
    #expect(provenance.threads == 2)
    #expect(provenance.seed == 0)
    #expect(provenance.matmulPrecision == "highest")
    #expect(try Fixtures.golden("bare").provenance == nil)
  }

  /// A golden of one clip of two numbers, and whatever a test adds.
  static func golden(_ more: [(String, Tensor)]) throws -> Golden {
    var tensors = [("input", Tensor(floats: [0, 1], shape: Shape(known: [1, 2])))]
    for (name, tensor) in more {
      tensors.removeAll { $0.0 == name }
      tensors.append((name, tensor))
    }
    return try Golden(
      Checkpoint(
        container: .npz, tensors: tensors.map { TensorRecord(path: [$0.0], tensor: $0.1) }))
  }

  static func floats(_ values: [Float], _ extents: [Int]) -> Tensor {
    Tensor(floats: values, shape: Shape(known: extents))
  }

  static func integers(_ values: [Int64]) throws -> Tensor {
    var writer = ByteWriter()
    for value in values { writer.little(value) }
    return try Tensor(
      dtype: .int64, shape: Shape(known: [values.count]),
      storage: Storage(key: "", region: ByteRegion(writer.bytes)))
  }

  static func bytes(_ text: String) throws -> Tensor {
    try Tensor(
      dtype: .uint8, shape: Shape(known: [text.utf8.count]),
      storage: Storage(key: "", region: ByteRegion(Array(text.utf8))))
  }

  @Test func refusesInputs() throws {
    #expect(
      throws: PortError(
        .malformed, "is not a golden: it has no tensor called input",
        remedy: "record one with fixtures/golden.py")
    ) { try Golden(Checkpoint(container: .npz, tensors: [])) }
    #expect(
      throws: PortError(
        .malformed, "the input holds uint8 where a float32 model was given float32",
        key: "input", remedy: "record what the model was given: divide 8-bit frames by 255 first")
    ) { try Self.golden([("input", try Self.bytes("ab"))]) }
    #expect(
      throws: PortError(
        .malformed, "the input holds int64 where a float32 model was given float32",
        key: "input", remedy: "record what the model was given")
    ) { try Self.golden([("input", try Self.integers([0, 1]))]) }
    #expect(
      throws: PortError(
        .malformed, "the input of shape (0, 2) holds no clips", key: "input",
        remedy: "record it with the clips along the first dimension")
    ) { try Self.golden([("input", Self.floats([], [0, 2]))]) }
  }

  @Test(
    arguments: [
      (
        [3, 3], "position 3 at index 1 follows 3; positions are not negative and strictly increase"
      ),
      (
        [5, 4], "position 4 at index 1 follows 5; positions are not negative and strictly increase"
      ),
      (
        [-1, 4],
        "position -1 at index 0 follows nothing; positions are not negative and strictly increase"
      ),
    ] as [([Int64], String)]) func refusesPositions(positions: [Int64], message: String) throws
  {
    #expect(throws: PortError(.malformed, message, key: "fc.indices")) {
      try Self.golden([
        ("fc", Self.floats([1, 2], [2])), ("fc.indices", try Self.integers(positions)),
      ])
    }
  }

  @Test func refusesSamples() throws {
    #expect(
      throws: PortError(
        .malformed,
        "sampled values of shape (2,) have positions of shape (3,); both have one dimension of the"
          + " same length", key: "fc")
    ) {
      try Self.golden([
        ("fc", Self.floats([1, 2], [2])), ("fc.indices", try Self.integers([0, 1, 2])),
      ])
    }
    #expect(
      throws: PortError(
        .malformed, "positions are recorded without their values", key: "fc.indices")
    ) { try Self.golden([("fc.indices", try Self.integers([0]))]) }
    #expect(
      throws: PortError(
        .mismatch, "integers are needed and the tensor holds float32", record: "",
        key: "fc.indices")
    ) {
      try Self.golden([("fc", Self.floats([1], [1])), ("fc.indices", Self.floats([0], [1]))])
    }
    #expect(
      throws: PortError(
        .malformed, "position 8 lies outside of the 8 elements that the provenance states",
        key: "fc.indices")
    ) {
      try Self.golden([
        ("fc", Self.floats([1], [1])), ("fc.indices", try Self.integers([8])),
        (
          "provenance",
          try Self.bytes(
            #"{"format": "torchport-golden", "version": 1, "shapes": {"fc": [1, 8]}}"#)
        ),
      ])
    }
    #expect(
      throws: PortError(
        .limit, "the provenance states a shape of 2147483647 elements; one clip may have 268435456",
        key: "fc", remedy: "record an activation of that size in parts, or not at all")
    ) {
      try Self.golden([
        ("fc", Self.floats([1], [1])), ("fc.indices", try Self.integers([8])),
        ("provenance", try Self.bytes(Self.base(#""shapes": {"fc": [1, 2147483647]}"#))),
      ])
    }
  }

  @Test func refusesFloat64Records() throws {
    #expect(
      throws: PortError(
        .malformed, "a float64 record stands without the activation it repeats",
        key: "float64/fc")
    ) { try Self.golden([("float64/fc", Self.floats([1], [1]))]) }
    #expect(
      throws: PortError(
        .malformed,
        "the float64 record is float32 (1,); the activation has the shape (1,)", key: "float64/fc")
    ) {
      try Self.golden([("fc", Self.floats([1], [1])), ("float64/fc", Self.floats([1], [1]))])
    }
  }

  static let again = "record the golden again, or take the provenance out of it"

  @Test(arguments: [
    ("{", "the provenance cannot be read: JSON: a key should stand here"),
    ("[]", "the provenance is not a JSON object"),
    ("{}", "the provenance does not say format \"torchport-golden\""),
    (#"{"format": "torchport-golden"}"#, "the provenance is of a version other than 1"),
    (base(#""digest": "ABC""#), "the provenance's digest is not 64 lowercase hex digits"),
    (base(#""classes": ["a", 1]"#), "the provenance's classes is not a list of texts"),
    (base(#""shapes": {"fc": [1, -1]}"#), "the provenance's shape of fc is not a list of sizes"),
    (base(#""shapes": []"#), "the provenance's shapes is not an object of shapes"),
    (base(#""mkldnn": 1"#), "the provenance's mkldnn is not true or false"),
    (base(#""seed": 0.5"#), "the provenance's seed is not an integer"),
    (base(#""mode": {}"#), "the provenance's mode is not a text"),
    (base(#""batches": [4294967296]"#), "the provenance's batches is not a list of sizes"),
    (
      base(#""clips": ["a", "b"]"#),
      "the provenance does not belong to this input of 1 clips: it describes 2 clips"
    ),
    (
      base(#""batches": [1, 1]"#),
      "the provenance does not belong to this input of 1 clips: its batches hold 2 clips"
    ),
  ]) func refusesProvenance(json: String, message: String) throws {
    let error = #expect(throws: PortError.self) {
      try Self.golden([("provenance", try Self.bytes(json))])
    }
    #expect(error?.message == message)
    #expect(error?.key == "provenance")
    #expect(error?.remedy != nil)
  }

  static func base(_ field: String) -> String {
    #"{"format": "torchport-golden", "version": 1, "# + field + "}"
  }

  @Test func refusesProvenanceOfAnotherType() throws {
    #expect(
      throws: PortError(
        .malformed, "the provenance is an array of float32, not of UTF-8 bytes (uint8)",
        key: "provenance", remedy: Self.again)
    ) { try Self.golden([("provenance", Self.floats([1], [1]))]) }
  }

  @Test func nullAndAbsentFieldsAreWelcome() throws {
    let golden = try Self.golden([
      ("provenance", try Self.bytes(Self.base(#""classes": null, "extra": [1]"#)))
    ])
    #expect(
      golden.provenance
        == {
          var p = golden.provenance; p?.classes = nil; return p
        }())
    #expect(golden.provenance?.classes == nil)
  }

  /// Values that are recorded transposed in memory are gathered once.
  @Test func stridedRecording() throws {
    let storage = Storage(
      key: "", region: try Self.floats([1, 2, 3, 4], [4]).contiguousBytes())
    let tensor = try Tensor(
      dtype: .float32, shape: Shape(known: [2, 2]), strides: [1, 2], offset: 0, storage: storage)
    let golden = try Self.golden([("fc", tensor)])
    #expect(try golden["fc"]?.tensor.floats() == [1, 3, 2, 4])
    #expect(golden["fc"]?.tensor.isContiguous == true)
  }
}
