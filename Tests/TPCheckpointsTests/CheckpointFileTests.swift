import TPBytes
import TPCheckpoints
import TPTensors
import TestSupport
import Testing

private let folder =
  fixture("")

@Suite struct CheckpointFileTests {
  static let files = [
    "best_lightweight_model.pth", "checkpoint_epoch_5.pth", "checkpoint_epoch_15.pth",
  ]

  /// What PyTorch says about each committed checkpoint (fixtures/expected.py).
  @Test(arguments: files) func agreesWithPyTorch(name: String) throws {
    let bytes = try SharedBytes(path: folder + "expected/checkpoints.json")
    let json = try JSONValue(parsing: bytes.bytes)
    let expected = try #require(json["checkpoints"]?.array?.first { $0["file"]?.string == name })
    let checkpoint = try CheckpointFile.open(path: folder + "run/" + name)
    #expect(checkpoint.container == .torchZip)
    #expect(checkpoint.tensors.count == expected["tensors"]?.int)

    let model = checkpoint.tensors.filter { $0.path[0] == "model_state_dict" }
    let rows = try #require(expected["state_dict"]?.array)
    #expect(model.count == rows.count)
    var stateDict = StateDict()
    for (record, row) in zip(model, rows) {
      let name = record.path.dropFirst().joined(separator: ".")
      #expect(name == row["name"]?.string)
      #expect(record.tensor.dtype.rawValue == row["dtype"]?.string)
      #expect(record.tensor.shape.extents == row["shape"]?.array?.compactMap(\.int))
      #expect(record.tensor.strides == row["stride"]?.array?.compactMap(\.int))
      #expect(try TensorDigest(of: record.tensor).description == row["sha256"]?.string)
      try stateDict.append(name, record.tensor)
    }
    #expect(try ContentDigest(of: stateDict).description == expected["digest"]?.string)

    let facts = ModelFacts(checkpoint)
    #expect(facts.epoch == expected["epoch"]?.int)
    #expect(facts.bestValidationAccuracy == expected["best_val_acc"]?.double)
    let classes = expected["class_to_idx"]?.members ?? []
    #expect(facts.classes == classes.map(\.key))
    #expect(facts.classesProblem == nil)
  }

  @Test func archivesAndArrays() throws {
    let golden = try CheckpointFile.open(path: folder + "goldens/bare.npz")
    #expect(golden.container == .npz)
    #expect(golden.tensors.map(\.name) == ["input", "logits"])
    let array = try CheckpointFile.open(path: folder + "clips/uint8.npy")
    #expect(array.container == .npy)
    #expect(array.tensors.map(\.tensor.dtype) == [.uint8])
  }

  /// Every error names the file.
  @Test func errorsNameTheFile() throws {
    let path = try temporaryPath("weights.pth")
    #expect(throws: PortError.self) { try CheckpointFile.open(path: path) }
    for bytes in [[], Array("hello".utf8), [0x50, 0x4B, 3, 4, 0], [0x93] + Array("NUMPY".utf8)]
      as [[UInt8]]
    {
      var file = try AtomicFile(path: path, replacing: true)
      try file.write(bytes)
      try file.commit()
      let error = #expect(throws: PortError.self) { try CheckpointFile.open(path: path) }
      #expect(error?.file == path)
    }
  }

  /// Every format gives back what was written, facts included, and an existing file stays unless it
  /// may go.
  @Test(arguments: [WeightFormat.safetensors, .hdf5, .torch, .npz]) func writesAndReads(
    format: WeightFormat
  ) throws {
    let path = try temporaryPath("weights." + format.extensions[0])
    let stateDict = try StateDict([
      ("fc.weight", Tensor(floats: [1, 2, 3, 4, 5, 6], shape: Shape(known: [2, 3]))),
      ("fc.bias", Tensor(floats: [0.5, -0.5], shape: Shape(known: [2]))),
    ])
    let digest = try ContentDigest(of: stateDict)
    let contents = WeightFile(
      tensors: stateDict,
      facts: [
        "architecture": "Two", "batch_norm": "separate", "classes": #"["no","yes"]"#,
        "digest": digest.description, "epoch": "3", "parameters": "8", "best_val_acc": "81.65",
        "precision": "float32", "source.digest": digest.description, "source.name": "two.pth",
      ], digests: digest.tensors)
    try CheckpointFile.write(contents, format: format, to: path, replacing: false)
    let checkpoint = try CheckpointFile.open(path: path)
    #expect(checkpoint.container.rawValue == (format == .torch ? "torch-zip" : format.rawValue))
    #expect(checkpoint.tensors.map(\.name) == ["fc.weight", "fc.bias"])
    #expect(
      try ContentDigest(of: StateDict(checkpoint.tensors.map { ($0.name, $0.tensor) })) == digest)
    let facts = ModelFacts(checkpoint)
    #expect(facts.classes == ["no", "yes"])
    #expect(facts.epoch == 3)
    #expect(facts.bestValidationAccuracy == 81.65)
    #expect(facts.architecture == "Two")
    #expect(facts.batchNorm == "separate")
    #expect(facts.precision == "float32")
    #expect(facts.sourceName == "two.pth")
    #expect(facts.sourceDigest == digest.description)
    #expect(facts.statedDigest == digest.description)
    let error = #expect(throws: PortError.self) {
      try CheckpointFile.write(contents, format: format, to: path, replacing: false)
    }
    #expect(error?.kind == .exists)
    try CheckpointFile.write(contents, format: format, to: path, replacing: true)
  }

  /// A .npy file is one array and nothing else.
  @Test func oneArray() throws {
    let path = try temporaryPath("one.npy")
    let tensor = Tensor(floats: [1, 2, 3], shape: Shape(known: [3]))
    var contents = WeightFile(
      tensors: try StateDict([("w", tensor)]), facts: ["epoch": "3"], digests: [:])
    try CheckpointFile.write(contents, format: .npy, to: path, replacing: false)
    let checkpoint = try CheckpointFile.open(path: path)
    #expect(checkpoint.tensors.map(\.name) == ["array"])
    #expect(try checkpoint.tensors[0].tensor.floats() == [1, 2, 3])
    try contents.tensors.append("v", tensor)
    let error = #expect(throws: PortError.self) {
      try CheckpointFile.write(contents, format: .npy, to: path, replacing: true)
    }
    #expect(error?.kind == .usage)
    #expect(error?.message == "a .npy file holds one array, and there are 2 tensors")
  }

  @Test(
    arguments: [
      ("a.h5", .hdf5), ("x/a.HDF5", .hdf5), ("a.b.he5", .hdf5), ("a.safetensors", .safetensors),
      ("a.pth", .torch), ("a.PT", .torch), ("a.npz", .npz), ("a.npy", .npy),
    ] as [(String, WeightFormat)]) func formats(path: String, format: WeightFormat) throws
  {
    #expect(try WeightFormat(outputPath: path) == format)
  }

  @Test(arguments: [
    ("a.tflite", "nothing is written as .tflite"),
    ("folder.h5/a", "the output's name has no extension that says its format"),
    ("", "the output's name has no extension that says its format"),
  ]) func unknownFormats(path: String, message: String) {
    #expect(
      throws: PortError(
        .usage, message, file: path,
        remedy: "end the name in .safetensors (safetensors) or .h5, .hdf5, .he5 (HDF5) or .pth, .pt"
          + " (PyTorch) or .npz (NumPy archive) or .npy (NumPy array)")
    ) { try WeightFormat(outputPath: path) }
  }
}
