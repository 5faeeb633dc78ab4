import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import TestSupport
import Testing

@Suite struct LoadedModelTests {
  @Test func checkpoint() throws {
    let model = try LoadedModel.open(path: Fixtures.best)
    #expect(model.architecture.name == "LightweightCNNLSTM")
    #expect(model.unwrapped.container == "model_state_dict")
    #expect(model.unwrapped.prefixes == [])
    #expect(model.facts.epoch == 24)
    #expect(
      model.digest.description
        == "cd85e4e60d5858c93df75d82f97519363a26489a41cc610400b8abb393640277")
    #expect(model.checkpoint.tensors.count == 100)
  }

  /// What was written in any format of several tensors is the same model, digest included.
  @Test(arguments: WeightFormat.allCases.filter { $0 != .npy }) func written(format: WeightFormat)
    throws
  {
    let model = try Fixtures.model()
    let path = try temporaryPath("model." + format.extensions[0])
    let digest = model.digest.description
    let facts = [
      "architecture": model.architecture.name, "batch_norm": "separate",
      "classes": #"["a", "b", "c", "d"]"#, "digest": digest, "epoch": "24",
      "parameters": "\(model.architecture.parameterCount)", "source.digest": digest,
    ]
    try CheckpointFile.write(
      WeightFile(
        tensors: model.unwrapped.stateDict, facts: facts, digests: model.digest.tensors),
      format: format, to: path, replacing: false)
    let again = try LoadedModel.open(path: path)
    #expect(again.digest == model.digest)
    #expect(again.unwrapped.stateDict.names == model.unwrapped.stateDict.names)
    #expect(again.facts.classes == ["a", "b", "c", "d"])
    #expect(again.facts.sourceDigest == digest)
    let report = try Parity.verify(weights: again, golden: try Fixtures.golden("bare"))
    #expect(report.verdict == .holds)
  }

  @Test func statedDigestIsHeldAgainstTheTensors() throws {
    var checkpoint = try CheckpointFile.open(path: Fixtures.best)
    var tree = MetadataTree()
    let entry = MetadataTree.Entry(
      key: tree.add(.string("torchport.digest")), value: tree.add(.string("beef")))
    tree.root = tree.add(.dict([entry]))
    checkpoint.metadata = tree
    #expect(
      throws: PortError(
        .checksum,
        "the file states the content digest beef and its tensors have"
          + " cd85e4e60d5858c93df75d82f97519363a26489a41cc610400b8abb393640277",
        remedy: "convert the checkpoint again, or copy the file again")
    ) { try LoadedModel(checkpoint) }
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let path = Fixtures.folder + "goldens/bare.npz"
    let error = #expect(throws: PortError.self) { try LoadedModel.open(path: path) }
    #expect(error?.kind == .mismatch)
    #expect(error?.file == path)
  }

  /// A file that was converted without an architecture keeps its prefixes, and its digest has them.
  @Test func statedDigestOfPrefixedNames() throws {
    var checkpoint = try Fixtures.model().checkpoint
    checkpoint.tensors = checkpoint.tensors.compactMap { record in
      record.path[0] == "model_state_dict"
        ? TensorRecord(path: ["module." + record.path[1]], tensor: record.tensor) : nil
    }
    let stated = try ContentDigest(
      of: StateDict(checkpoint.tensors.map { ($0.name, $0.tensor) }))
    var tree = MetadataTree()
    let entry = MetadataTree.Entry(
      key: tree.add(.string("torchport.digest")), value: tree.add(.string("\(stated)")))
    tree.root = tree.add(.dict([entry]))
    checkpoint.metadata = tree
    let model = try LoadedModel(checkpoint)
    #expect(model.unwrapped.prefixes == ["module."])
    #expect(try model.digest == Fixtures.model().digest)
  }

  /// What the file says of folded norms is two float32 numbers for each channel.
  @Test func whatWasFolded() throws {
    let folded = try Architecture(
      name: "Folded", input: [3],
      layers: [Layer("fc", .linear(.init(3, 2))), Layer("bn", .batchNorm(.init(2)))]
    ).foldingBatchNorm()
    func fact(_ mean: String) -> String {
      #"{"fc": {"norm": "bn", "mean": "# + mean + #", "shift": [0, -1]}}"#
    }
    #expect(try folded.foldedNoise(fact: fact("[0.5, 2]"))["fc"]?.mean == [0.5, 2])
    for mean in ["[1]", "[1, 1e300]", "[1, null]"] {
      #expect(
        throws: PortError(
          .malformed, "fc has not two finite numbers for each channel", key: "torchport.folded",
          remedy: "convert the checkpoint again")
      ) { try folded.foldedNoise(fact: fact(mean)) }
    }
  }

  /// The file is at fault, not the call.
  @Test func unknownStatedArchitecture() throws {
    var checkpoint = try CheckpointFile.open(path: Fixtures.best)
    var tree = MetadataTree()
    let entry = MetadataTree.Entry(
      key: tree.add(.string("torchport.architecture")), value: tree.add(.string("Unheard")))
    tree.root = tree.add(.dict([entry]))
    checkpoint.metadata = tree
    let error = #expect(throws: PortError.self) { try LoadedModel(checkpoint) }
    #expect(error?.kind == .unsupported)
    #expect(error?.key == "torchport.architecture")
  }
}
