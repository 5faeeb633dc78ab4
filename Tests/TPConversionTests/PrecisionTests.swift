import Foundation
import TPBytes
import TPCheckpoints
import TPConversion
import TPModels
import TPParity
import TPTensors
import TestSupport
import Testing

/// Casts, int8 and folded batch norms of the best checkpoint, held against PyTorch's
/// (fixtures/precision/make.py).
@Suite struct PrecisionTests {
  static let root = packageRoot.appendingPathComponent("fixtures")

  private func best() throws -> Checkpoint {
    try CheckpointFile.open(
      path: Self.root.appendingPathComponent("run/best_lightweight_model.pth").path)
  }

  private func expected(_ name: String) throws -> JSONValue {
    try JSONValue(
      parsing: String(
        contentsOf: Self.root.appendingPathComponent("precision/\(name).json"), encoding: .utf8))
  }

  private func plan(
    _ checkpoint: Checkpoint? = nil, _ change: (inout ConversionOptions) -> Void
  ) throws -> ConversionPlan {
    var options = ConversionOptions()
    change(&options)
    return try ConversionPlan(checkpoint ?? best(), sourceName: "best.pth", options: options)
  }

  private static let digest = "cd85e4e60d5858c93df75d82f97519363a26489a41cc610400b8abb393640277"

  @Test(arguments: [DType.float16, .bfloat16, .float64])
  func castsAreThoseOfPyTorch(dtype: DType) throws {
    let plan = try plan { $0.precision = .type(dtype) }
    let known = try #require(expected("cast_digests")[dtype.rawValue]?.members)
    #expect(known.count == 30)
    for member in known {
      #expect(plan.contents.digests[member.key] == member.value.string, "\(member.key)")
      #expect(plan.contents.tensors[member.key]?.dtype == dtype)
    }
    #expect(plan.roundings.map(\.name) == known.map(\.key))
    #expect(plan.contents.tensors.count == 34)
    #expect(plan.contents.tensors["bn3d1.num_batches_tracked"]?.dtype == .int64)
    #expect(plan.precision == .uniform(dtype))
    let facts = plan.contents.facts
    #expect(facts["precision"] == dtype.rawValue)
    #expect(facts["source.digest"] == Self.digest)
    #expect(facts["digest"] != Self.digest)
    #expect(facts["parameters"] == "721044")
  }

  @Test func nothingChangesInTheTypeThatItIs() throws {
    let plan = try plan { $0.precision = .type(.float32) }
    #expect(plan.roundings.isEmpty)
    #expect(plan.precision == .exact)
    #expect(plan.digest == Self.digest)
  }

  @Test func integersAreThoseOfPyTorch() throws {
    let plan = try plan { $0.precision = .type(.int8) }
    let known = try #require(expected("int8")["weights"]?.members)
    #expect(known.count == 7)
    #expect(plan.roundings.map(\.name) == known.map(\.key))
    let numbers = try plan.contents.tensors.dequantised()
    for (member, rounding) in zip(known, plan.roundings) {
      #expect(plan.contents.digests[member.key] == member.value["integers"]?.string)
      let scale = try #require(plan.contents.tensors[member.key + ".scale"])
      // In two steps: the 6.3.1 compiler fails on a span of a temporary.
      let region = try scale.contiguousBytes()
      let bytes = region.bytes.withUnsafeBytes { Data($0) }
      #expect(bytes.base64EncodedString() == member.value["scale"]?.string)
      let tensor = try #require(numbers[member.key])
      #expect(try TensorDigest(of: tensor).description == member.value["numbers"]?.string)
      #expect(rounding.to == .int8)
      #expect(rounding.loss.maxError == member.value["max_error"]?.double)
      let decibels = try #require(member.value["sqnr_db"]?.double)
      #expect(abs(rounding.loss.decibels - decibels) < 1e-9)
      #expect(rounding.loss.toZero == member.value["to_zero"]?.int)
    }
    #expect(plan.contents.tensors.count == 41)
    let names = plan.contents.tensors.names
    #expect(names[0...2] == ["conv3d1.weight", "conv3d1.weight.scale", "conv3d1.bias"])
    #expect(plan.contents.tensors["conv3d1.bias"]?.dtype == .float32)
    guard case .mixed(let types) = plan.precision else { throw PortError(.usage, "not mixed") }
    #expect(types.count == 30)
    #expect(types.count { $0.value == .int8 } == 7)
    #expect(types["bn3d1.weight"] == .some(nil))
    #expect(plan.parameters == 721_044)
  }

  private static let folds: @Sendable (inout ConversionOptions) -> Void = {
    $0.foldsBatchNorm = true
  }

  @Test func foldedWeightsAreThoseOfPyTorch() throws {
    let plan = try plan(nil, Self.folds)
    let known = try #require(expected("folded").members)
    #expect(known.count == 8)
    for member in known {
      #expect(plan.contents.digests[member.key] == member.value["sha256"]?.string, "\(member.key)")
    }
    #expect(plan.folded.map(\.norm) == ["bn3d1", "bn3d2", "bn3d3", "bn_fc1"])
    #expect(plan.contents.tensors.names == plan.architecture?.parameterTable.map(\.name))
    #expect(plan.architecture?.isFolded == true)
    let facts = plan.contents.facts
    #expect(facts["batch_norm"] == "folded")
    #expect(facts["architecture"] == "LightweightCNNLSTM")
    #expect(facts["parameters"] == "720724")
    #expect(facts["source.digest"] == Self.digest)
    // What was not folded keeps its bits.
    #expect(plan.precision.type(of: "conv3d1.weight") == .float32)
    #expect(plan.precision.type(of: "lstm.weight_ih_l0") == nil)
    #expect(!plan.precision.isLossy)
  }

  @Test func whatWasConvertedIsConvertedFurther() throws {
    let folded = try plan(nil, Self.folds)
    let again = try plan(folded.contents.checkpoint, Self.folds)
    #expect(again.contents.facts == folded.contents.facts)
    #expect(again.warnings == ["the batch norms are folded already"])
    // Both steps at once, or one after the other.
    let both = try plan {
      $0.foldsBatchNorm = true
      $0.precision = .type(.int8)
    }
    let after = try plan(folded.contents.checkpoint) { $0.precision = .type(.int8) }
    #expect(both.contents.facts == after.contents.facts)
    #expect(both.contents.digests == after.contents.digests)
    #expect(both.precision.type(of: "conv3d1.weight") == .int8)
    #expect(both.precision.type(of: "conv3d1.bias") == .float32)
    // Widened again: the numbers are still those of int8, and the file says so.
    let wide = try plan(both.contents.checkpoint) { $0.precision = .type(.float32) }
    #expect(wide.contents.tensors["conv3d1.weight"]?.dtype == .float32)
    #expect(wide.contents.tensors["conv3d1.weight.scale"] == nil)
    #expect(wide.precision == both.precision)
    #expect(wide.contents.facts["batch_norm"] == "folded")
    #expect(wide.contents.facts["folded"] == folded.contents.facts["folded"])
    let kept = try plan(both.contents.checkpoint) { _ in }
    #expect(kept.contents.facts == both.contents.facts)
  }

  @Test func aModelOfEachCanBeRun() throws {
    for type in [DType.float16, .bfloat16, .int8, .float64] {
      let plan = try plan {
        $0.foldsBatchNorm = type != .float64
        $0.precision = .type(type)
      }
      let model = try plan.model()
      #expect(model.digest.description == plan.digest)
      #expect(model.architecture == plan.architecture)
      #expect(model.facts.storedPrecision == plan.precision)
    }
  }

  /// Without an architecture any floating-point tensor of two dimensions or more is a matrix.
  @Test func anyCheckpointCanBeRounded() throws {
    let three = Shape(known: [3])
    let two = Shape(known: [2, 2])
    let shared = Tensor(floats: [1, 2, 3, 4], shape: two)
    let wide = try Tensor(floats: [0.1, 0.2, 0.3], shape: three).rounded(to: .float64).tensor
    let flags = try Tensor(
      dtype: .bool, shape: three, storage: Storage(key: "", region: ByteRegion([0, 1, 1])))
    let tensors = [
      ("tied", shared), ("other", shared), ("wide", wide), ("flags", flags),
    ]
    let checkpoint = Checkpoint(
      container: .safetensors, tensors: tensors.map { TensorRecord(path: [$0.0], tensor: $0.1) })
    let plan = try plan(checkpoint) {
      $0.architecture = .none
      $0.precision = .type(.int8)
    }
    let stored = plan.contents.tensors
    #expect(stored.names == ["tied", "tied.scale", "other", "other.scale", "wide", "flags"])
    #expect(
      stored.entries.map(\.tensor.dtype) == [.int8, .float32, .int8, .float32, .float32, .bool])
    #expect(stored.aliases == [["tied", "other"], ["tied.scale", "other.scale"]])
    #expect(plan.parameters == 11)
    #expect(plan.precision == .mixed(["tied": .int8, "other": .int8, "wide": .float32]))
    let error = #expect(throws: PortError.self) {
      try self.plan(checkpoint) {
        $0.architecture = .none
        $0.foldsBatchNorm = true
      }
    }
    #expect(error?.kind == .usage)
  }

  @Test func lossesThatMatterAreWarnings() throws {
    let tensor = Tensor(floats: [1e30, .nan, 2, -1e30], shape: Shape(known: [4]))
    let checkpoint = Checkpoint(
      container: .safetensors, tensors: [TensorRecord(path: ["a"], tensor: tensor)])
    let plan = try plan(checkpoint) {
      $0.architecture = .none
      $0.precision = .type(.float16)
    }
    #expect(
      plan.warnings == [
        "2 elements of a became infinite in float16", "1 element of a is not a number",
      ])
    let matrix = Checkpoint(
      container: .safetensors,
      tensors: [
        TensorRecord(
          path: ["m"], tensor: Tensor(floats: [.infinity, 0], shape: Shape(known: [1, 2])))
      ])
    let error = #expect(throws: PortError.self) {
      try self.plan(matrix) {
        $0.architecture = .none
        $0.precision = .type(.int8)
      }
    }
    #expect(error?.kind == .unsupported)
    #expect(error?.key == "m")
  }

  @Test func aTakenNameOfScalesIsTold() throws {
    let two = Shape(known: [1, 2])
    let checkpoint = Checkpoint(
      container: .safetensors,
      tensors: ["a", "a.scale"].map {
        TensorRecord(path: [$0], tensor: Tensor(floats: [1, 2], shape: two))
      })
    let error = #expect(throws: PortError.self) {
      try plan(checkpoint) {
        $0.architecture = .none
        $0.precision = .type(.int8)
      }
    }
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("a.scale") == true)
  }

  /// A variance below -eps has no square root.
  @Test func whatCannotBeFoldedIsTold() throws {
    var checkpoint = try best()
    for index in checkpoint.tensors.indices
    where checkpoint.tensors[index].path.last == "bn3d2.running_var" {
      checkpoint.tensors[index].tensor = Tensor(
        floats: [-1] + [Float](repeating: 1, count: 31), shape: Shape(known: [32]))
    }
    let error = #expect(throws: PortError.self) { try plan(checkpoint, Self.folds) }
    #expect(error?.kind == .unsupported)
    #expect(error?.key == "conv3d2.weight")
  }

  @Test(
    arguments: [
      ("precision", "float16"), ("precision", "nonsense"), ("folded", "{}x"),
      ("folded", #"{"fc1":{}}"#),
      ("folded", #"{"lstm":{"norm":"bn3d1"}}"#), ("batch_norm", "separate"),
    ])
  func factsThatContradictTheTensorsAreRefused(key: String, text: String) throws {
    var contents = try plan(nil) {
      $0.foldsBatchNorm = true
      $0.precision = .type(.int8)
    }.contents
    contents.facts[key] = text
    let error = #expect(throws: PortError.self) {
      _ = try ConversionPlan(contents.checkpoint, sourceName: "a").model()
    }
    #expect([.malformed, .mismatch].contains(error?.kind))
  }

  /// Being folded excuses nothing: one unit in the last place on every weight of a layer is seen.
  @Test func aWrongFoldedModelIsBroken() throws {
    let golden = try Golden.open(path: Self.root.appendingPathComponent("goldens/best.npz").path)
    var contents = try plan(nil, Self.folds).contents
    let right = try LoadedModel(contents.checkpoint)
    #expect(try Parity.verify(weights: right, golden: golden, threads: 2).verdict == .holds)
    let weight = try #require(contents.tensors["conv3d2.weight"])
    let wrong = Tensor(floats: try weight.floats().map(\.nextUp), shape: weight.shape)
    contents.tensors = try StateDict(
      contents.tensors.entries.map { ($0.name, $0.name == "conv3d2.weight" ? wrong : $0.tensor) })
    contents.facts["digest"] = nil
    let report = try Parity.verify(
      weights: LoadedModel(contents.checkpoint), golden: golden, threads: 2)
    #expect(report.verdict == .broken)
    #expect(report.firstOver?.name == "bn3d2")
  }
}
