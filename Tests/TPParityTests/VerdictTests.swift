import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

@Suite struct VerdictTests {
  @Test(arguments: [
    ("best", "best_lightweight_model", 11, 15), ("best_full", "best_lightweight_model", 2, 15),
    ("bare", "best_lightweight_model", 2, 1), ("middle_logits", "checkpoint_epoch_15", 2, 1),
  ]) func holds(golden: String, weights: String, clips: Int, compared: Int) throws {
    let model = try Fixtures.model(path: Fixtures.folder + "run/\(weights).pth")
    let report = try Parity.verify(
      weights: model, golden: try Fixtures.golden(golden), threads: 2)
    #expect(report.verdict == .holds, "\(report.reason)")
    #expect(report.warnings == [])
    #expect(report.clips == clips)
    #expect(report.activations.map(\.name) == model.architecture.activations.map(\.name))
    #expect(report.activations.filter { $0.status == .holds }.count == compared)
    #expect(report.activations.filter { $0.status == .absent }.count == 15 - compared)
    #expect(report.predictions.count == clips)
    #expect(report.predictions.allSatisfy { $0.expected == $0.found && $0.margin > 0 })
    #expect(report.certificate?.noPredictionCanFlip == true)
    for activation in report.activations where activation.status == .holds {
      #expect(activation.clips == clips)
      // Far from zero as well: a comparison of something with itself would be exactly there.
      #expect((activation.golden?.rms ?? 0) > 0.1 && (activation.port?.rms ?? 0) > 0.1)
    }
  }

  @Test func threadsChangeNothing() throws {
    let model = try Fixtures.model()
    let golden = try Golden(
      try Fixtures.tensors("best").without { $0.contains("3d1") || $0.contains("3d2") })
    let one = try Parity.verify(weights: model, golden: golden, threads: 1)
    #expect(try Parity.verify(weights: model, golden: golden, threads: 2) == one)
    #expect(try Parity.verify(weights: model, golden: golden, threads: 64) == one)
  }

  @Test func weightsOfAnotherEpochAreNamedFirst() throws {
    let model = try Fixtures.model(path: Fixtures.folder + "run/checkpoint_epoch_5.pth")
    let report = try Parity.verify(weights: model, golden: try Fixtures.golden("best_full"))
    #expect(report.verdict == .broken)
    #expect(report.firstOver?.name == "conv3d1")
    #expect(
      report.warnings == [
        "the golden was recorded from other weights: it names the content digest cd85e4e60d5858c9…,"
          + " and these are \(model.digest.description.prefix(16))…"
      ])
  }

  @Test func nothingToCompareIsUndecided() throws {
    let tensors = try Fixtures.tensors("bare").without { $0 == "logits" }
      .with("head", Tensor(floats: [1, 2], shape: Shape(known: [2])))
    let report = try Parity.verify(
      weights: try Fixtures.model(), golden: try Golden(tensors))
    #expect(report.verdict == .undecided)
    #expect(report.activations.last?.name == "head")
    #expect(report.activations.last?.status == .unknown)
    #expect(report.activations.dropLast().allSatisfy { $0.status == .absent })
    #expect(report.certificate == nil)
  }

  @Test func wrongShapeIsOverTheLine() throws {
    let tensors = try Fixtures.tensors("bare")
      .with("fc1", Tensor(floats: Array(repeating: 0, count: 64), shape: Shape(known: [64])))
    let report = try Parity.verify(
      weights: try Fixtures.model(), golden: try Golden(tensors))
    #expect(report.verdict == .broken)
    #expect(report.firstOver?.golden?.max == .infinity)
    #expect(
      report.reason == "fc1: recorded with the shape (64,), the model computes (2, 64)")
  }

  @Test func nonFiniteValueIsOverTheLine() throws {
    var values = try #require(try Fixtures.tensors("bare").tensor("logits")).floats()
    values[5] = .nan
    let tensors = try Fixtures.tensors("bare")
      .with("logits", Tensor(floats: values, shape: Shape(known: [2, 4])))
    let report = try Parity.verify(
      weights: try Fixtures.model(), golden: try Golden(tensors))
    #expect(report.verdict == .broken)
    #expect(report.firstOver?.golden?.max == .infinity)
    #expect(report.firstOver?.goldenClipsOver == [1])
    #expect(report.predictions[1].expected == 1)
    #expect(report.certificate?.noPredictionCanFlip == false)
  }

  @Test func inputOfAnotherShapeIsRefused() throws {
    let model = try Fixtures.model()
    let golden = try Golden(
      Checkpoint(
        container: .npz,
        tensors: [
          TensorRecord(
            path: ["input"],
            tensor: Tensor(floats: Array(repeating: 0, count: 8), shape: Shape(known: [2, 4])))
        ]))
    #expect(
      throws: PortError(
        .mismatch,
        "the golden's input has the shape (2, 4); LightweightCNNLSTM takes (2, 1, 32, 64, 96)",
        key: "input", remedy: "record the golden from the model that these weights belong to")
    ) { try Parity.verify(weights: model, golden: golden) }
  }

  /// Declared rounding is the price of the format: the port decides, and so do the predictions.
  @Test func declaredPrecisionIsAPrice() throws {
    var changes: [String: [Float]] = [:]
    for spec in Architecture.lightweightCNNLSTM.parameterTable where spec.kind == .parameter {
      changes[spec.name] = try Fixtures.values(spec.name).map { Float(Float16($0)) }
    }
    let rounded = try Fixtures.model(replacing: changes)
    var checkpoint = rounded.checkpoint
    let source = try Fixtures.model().digest.description
    var tree = MetadataTree()
    let entries = [("precision", "float16"), ("source.digest", source)].map { key, value in
      MetadataTree.Entry(
        key: tree.add(.string("torchport." + key)), value: tree.add(.string(value)))
    }
    tree.root = tree.add(.dict(entries))
    checkpoint.metadata = tree
    let report = try Parity.verify(
      weights: try LoadedModel(checkpoint), golden: try Fixtures.golden("best"), threads: 2)
    #expect(report.verdict == .holds)
    #expect(report.activations.first?.goldenIsOver == true)
    #expect(report.activations.first?.status == .holds)
    #expect(report.warnings.first?.hasPrefix("the weights were stored as float16") == true)
  }

  /// The same rounding without a word about it, or in a file that says it lost nothing (as every
  /// conversion of ours does), is judged as any weights are.
  @Test(arguments: [nil, "exact", "float32"]) func undeclaredRoundingIsBroken(
    precision: String?
  ) throws {
    let bias = try Fixtures.values("fc_out.bias").map { Float(Float16($0)) }
    var checkpoint = try Fixtures.model(replacing: ["fc_out.bias": bias]).checkpoint
    var tree = MetadataTree()
    var entries = [
      MetadataTree.Entry(
        key: tree.add(.string("torchport.source.digest")),
        value: tree.add(.string(try Fixtures.model().digest.description)))
    ]
    if let precision {
      entries.append(
        .init(
          key: tree.add(.string("torchport.precision")), value: tree.add(.string(precision))))
    }
    tree.root = tree.add(.dict(entries))
    checkpoint.metadata = tree
    let report = try Parity.verify(
      weights: try LoadedModel(checkpoint), golden: try Fixtures.golden("best_full"),
      diagnosing: false)
    #expect(report.verdict == .broken)
    #expect(report.firstOver?.name == "fc_out")
    #expect(report.warnings.first?.hasSuffix("these are not the same any more") == true)
  }

  /// One clip that is off hides among eleven and is over the line when it is judged alone.
  @Test func oneClipAlone() throws {
    var tensors = try Fixtures.tensors("best").without { $0 != "input" && $0 != "logits" }
    let original = try #require(tensors.tensor("logits"))
    var values = try original.floats()
    for index in 12..<16 { values[index] += 5e-6 }
    tensors = tensors.with("logits", Tensor(floats: values, shape: original.shape))
    let report = try Parity.verify(
      weights: try Fixtures.model(), golden: try Golden(tensors), threads: 2, diagnosing: false)
    #expect(report.verdict == .broken)
    #expect(report.firstOver?.golden?.isOver == false)
    #expect(report.firstOver?.goldenClipsOver == [3])
    #expect(
      report.reason.hasPrefix(
        "the golden's logits is the first over the line, on clip 3, judged alone: the weights"))
  }

  /// A golden that says it was not recorded as the model is used: read before the verdict.
  @Test func modeAndPrecisionAreWarnings() throws {
    let facts =
      #"{"format": "torchport-golden", "version": 1, "mode": "train", "#
      + #""autocast": "bfloat16", "float32_matmul_precision": "medium"}"#
    let tensors = try Fixtures.tensors("bare")
      .with("provenance", try GoldenTests.bytes(facts))
    let report = try Parity.verify(weights: try Fixtures.model(), golden: try Golden(tensors))
    #expect(report.verdict == .holds)
    #expect(
      report.warnings == [
        "the golden was recorded in train mode; call model.eval() before recording",
        "the golden was recorded under autocast to bfloat16; record outside of torch.autocast",
        "the golden was recorded with matrix products of medium precision; call"
          + " torch.set_float32_matmul_precision(\"highest\") before recording",
      ])
  }

  @Test func activationsOfAnotherTypeAreRefused() throws {
    let tensors = try Fixtures.tensors("bare").with("fc1", try GoldenTests.bytes("ab"))
    let (model, golden) = (try Fixtures.model(), try Golden(tensors))
    #expect(
      throws: PortError(
        .malformed, "the recorded activation holds uint8, not floating-point numbers", key: "fc1")
    ) { try Parity.verify(weights: model, golden: golden) }
  }

  /// Positions beyond what the model computes are a wrong shape, not an error.
  @Test func positionsBeyondTheModelAreOverTheLine() throws {
    let tensors = try Fixtures.tensors("bare")
      .with("fc1", GoldenTests.floats([0], [1]))
      .with("fc1.indices", try GoldenTests.integers([128]))
    let report = try Parity.verify(weights: try Fixtures.model(), golden: try Golden(tensors))
    #expect(report.verdict == .broken)
    #expect(report.reason == "fc1: recorded at position 128, the model computes 128 elements")
  }

  /// A sample of nothing proves nothing: it is absent, never passed.
  @Test func emptySampleIsAbsent() throws {
    let empty = try Tensor(
      dtype: .int64, shape: Shape([0]), storage: Storage(key: "", region: ByteRegion([])))
    let tensors = try Fixtures.tensors("bare").without { $0 == "logits" }
      .with("logits", GoldenTests.floats([], [0])).with("logits.indices", empty)
    let report = try Parity.verify(weights: try Fixtures.model(), golden: try Golden(tensors))
    #expect(report.verdict == .undecided)
    #expect(report.activations.allSatisfy { $0.status == .absent })
  }

  @Test func otherClassesAreNotAnotherOrder() throws {
    let facts =
      #"{"format": "torchport-golden", "version": 1, "classes": ["a", "b", "c", "d"]}"#
    let tensors = try Fixtures.tensors("bare")
      .with("provenance", try GoldenTests.bytes(facts))
    let report = try Parity.verify(weights: try Fixtures.model(), golden: try Golden(tensors))
    #expect(report.verdict == .broken)
    #expect(report.reason.hasPrefix("the classes are others: doctor"))
  }
}
