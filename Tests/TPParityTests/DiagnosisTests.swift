import Foundation
import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

/// Goldens of a small network that PyTorch ran with one fault each (fixtures/diagnosis.py).
enum Odd {
  static let folder = Fixtures.folder + "diagnosis/"

  static func architecture() throws -> Architecture {
    try Architecture(
      name: "Odd", input: [2, 5, 7, 6],
      layers: [
        Layer("conv1", .convolution(.init(2, 4, kernel: [3, 3, 3], padding: [1, 1, 1]))),
        Layer("bn1", .batchNorm(.init(4))),
        Layer(.relu),
        Layer("pool1", .maxPool(.init([1, 2, 2]))),
        Layer("conv2", .convolution(.init(4, 4, kernel: [3, 3, 3], padding: [1, 1, 1]))),
        Layer("bn2", .batchNorm(.init(4))),
        Layer(.relu),
        Layer("pool", .adaptiveAveragePool([3, 2, 2])),
        Layer(.permute([0, 2, 1, 3, 4])),
        Layer(.flatten(from: 2)),
        Layer("lstm", .recurrent(.init(.lstm, 16, hidden: 6))),
        Layer(.lastStep),
        Layer("drop1", .dropout(0.4)),
        Layer("fc1", .linear(.init(6, 6))),
        Layer("bn_fc", .batchNorm(.init(6))),
        Layer(.relu),
        Layer("drop2", .dropout(0.3)),
        Layer("fc_out", .linear(.init(6, 5))),
      ])
  }

  /// The weights, with some tensors replaced as another port would have read them.
  static func model(
    _ change: (inout Checkpoint) throws -> Void = { _ in }
  ) throws -> LoadedModel {
    var checkpoint = try CheckpointFile.open(path: folder + "odd.pth")
    try change(&checkpoint)
    return try LoadedModel(checkpoint, architecture: try architecture())
  }

  static func golden(_ name: String) throws -> Golden {
    try Golden.open(path: folder + name + ".npz")
  }

  /// A golden with only some of what was recorded.
  static func golden(_ name: String, keeping: Set<String>) throws -> Golden {
    try Golden(
      try CheckpointFile.open(path: folder + name + ".npz").without { !keeping.contains($0) })
  }

  /// What was done to which layer, in each golden.
  static let faults = Faults.listed(inFile: folder + "faults.json")
}

@Suite struct DiagnosisTests {
  @Test func everyFaultHasAGolden() {
    let named = Set((Odd.faults + Faulty.faults).flatMap { $0.expected.map { $0[1] } })
    #expect(Odd.faults.count == 63)
    // Four are faults of the file, which a golden cannot have: they are injected below.
    let elsewhere: Set<Fault> = [.bytesSwapped, .storageOffset, .otherTensor, .otherWeights]
    for fault in Fault.allCases where !elsewhere.contains(fault) {
      #expect(named.contains(fault.rawValue), "\(fault)")
    }
  }

  @Test(arguments: Odd.faults.map(\.name)) func namesTheFault(name: String) throws {
    let expected = try #require(Odd.faults.first { $0.name == name }).expected
    let report = try Parity.verify(weights: try Odd.model(), golden: try Odd.golden(name))
    let found = report.diagnosis.map { [$0.layer, $0.fault.rawValue] }
    #expect(found == expected, "\(report.diagnosis.map { "\n\($0.layer): \($0.sentence)" })")
    let isOfGolden = !expected.isEmpty && report.diagnosis.allSatisfy(\.fault.isOfGolden)
    #expect(
      report.verdict
        == (expected.isEmpty ? .holds : isOfGolden ? .goldenSuspect : .broken), "\(report.reason)")
  }

  @Test func autocastIsSuspect() throws {
    let report = try Parity.verify(weights: try Odd.model(), golden: try Odd.golden("autocast"))
    #expect(report.verdict == .goldenSuspect, "\(report.diagnosis)")
    #expect(report.diagnosis.first?.layer == "conv1")
    #expect(report.diagnosis.allSatisfy { $0.fault == .reducedPrecision }, "\(report.diagnosis)")
  }

  /// A whole pooling after a convolution of which a few windows were recorded, and weights in 8-bit
  /// integers with a quotient that float64 rounds to another one.
  @Test(arguments: [
    ("wide_average", "pool", Fault.poolingKind), ("wide_int8", "fc", .weightsRounded),
  ]) func manyValues(name: String, layer: String, fault: Fault) throws {
    let model = try LoadedModel.open(
      path: Odd.folder + "wide.pth",
      architecture: try Architecture.described(inFile: Odd.folder + "wide.json"))
    let report = try Parity.verify(weights: model, golden: try Odd.golden(name))
    #expect(report.diagnosis.map(\.layer) == [layer], "\(report.diagnosis)")
    #expect(report.diagnosis.map(\.fault) == [fault], "\(report.diagnosis)")
  }

  /// Only the logits are there: the single faults of the whole network are tried.
  @Test(arguments: [
    ("gates_fg", "lstm", Fault.gateOrder), ("axes", "conv2", .axesPermuted),
    ("eps_keras", "bn1", .epsilon), ("replicate", "conv1", .padding),
    ("first_step", "fc1", .timeStep), ("classes", "fc_out", .classesPermuted),
    ("bins", "pool", .adaptiveBins), ("average", "pool1", .poolingKind),
    ("bgr", "conv1", .inputChannels), ("noise_conv", "fc_out", .unknown),
  ]) func onlyLogits(name: String, layer: String, fault: Fault) throws {
    let golden = try Odd.golden(name, keeping: ["input", "logits"])
    let report = try Parity.verify(weights: try Odd.model(), golden: golden)
    let diagnosis = try #require(report.diagnosis.first)
    #expect(report.diagnosis.count == 1)
    #expect(diagnosis.fault == fault, "\(diagnosis)")
    #expect(diagnosis.layer == layer, "\(diagnosis)")
    #expect(diagnosis.sentence.contains("to be sure, record conv1, bn1, pool1"))
  }

  /// Faults of the file that the port read; the golden is sound.
  @Test func swappedBytes() throws {
    let model = try Odd.model { checkpoint in
      try checkpoint.change("fc1.weight") {
        $0.map { Float(bitPattern: $0.bitPattern.byteSwapped) }
      }
    }
    try expect(.bytesSwapped, at: "fc1", model)
  }

  @Test func anotherTensor() throws {
    let model = try Odd.model { checkpoint in
      let right = try #require(checkpoint.tensor("fc1.weight"))
      try checkpoint.change("fc1.weight") { $0.reversed().map { $0 + 0.25 } }
      checkpoint.tensors = checkpoint.tensors.map {
        TensorRecord(path: ["model_state_dict", $0.name], tensor: $0.tensor)
      }
      checkpoint.tensors.append(TensorRecord(path: ["head", "weight"], tensor: right))
    }
    try expect(.otherTensor, at: "fc1", model)
  }

  @Test func anotherCopyInTheFile() throws {
    let checkpoint = try CheckpointFile.open(path: Odd.folder + "odd.pth")
    var both = checkpoint
    both.tensors = checkpoint.tensors.flatMap { record in
      var moved = record.tensor
      if record.name == "conv2.weight", let values = try? moved.floats() {
        moved = Tensor(floats: values.map { $0 * 0.999 }, shape: moved.shape)
      }
      return [
        TensorRecord(path: ["model_state_dict", record.name], tensor: moved),
        TensorRecord(path: ["ema_state_dict", record.name], tensor: record.tensor),
      ]
    }
    let model = try LoadedModel(both, architecture: try Odd.architecture())
    try expect(.otherWeights, at: "conv2", model)
  }

  @Test func ignoredOffset() throws {
    let model = try Odd.model { checkpoint in
      let right = try #require(checkpoint.tensor("conv2.weight"))
      // Both lie in one storage, and the offset of the second was not read.
      let values = try right.floats()
      let all = Tensor(
        floats: values.map { -$0 } + values, shape: Shape(known: [2 * values.count]))
      // The parameters before it in one flat storage.
      let wrong = try Tensor(
        dtype: .float32, shape: right.shape, strides: right.strides, offset: 0,
        storage: all.storage)
      checkpoint.tensors = checkpoint.tensors.map {
        $0.name == "conv2.weight" ? TensorRecord(path: $0.path, tensor: wrong) : $0
      }
    }
    try expect(.storageOffset, at: "conv2", model)
  }

  private func expect(_ fault: Fault, at layer: String, _ model: LoadedModel) throws {
    let report = try Parity.verify(weights: model, golden: try Odd.golden("sound"))
    #expect(report.verdict == .broken)
    #expect(report.diagnosis.map(\.fault) == [fault], "\(report.diagnosis)")
    #expect(report.diagnosis.map(\.layer) == [layer])
  }

  /// A map that the diagnosis names is a rule that puts the weights right.
  @Test func sentencesAndMaps() throws {
    let report = try Parity.verify(weights: try Odd.model(), golden: try Odd.golden("axes"))
    let diagnosis = try #require(report.diagnosis.first)
    #expect(diagnosis.map == #"{"permute": "conv2.weight", "axes": [0, 1, 4, 3, 2]}"#)
    #expect(diagnosis.sentence.contains("stand in the order width, height, depth"))
    #expect(diagnosis.sentence.contains("the next best of"))
    #expect(diagnosis.residual < 2)
    let gates = try Parity.verify(weights: try Odd.model(), golden: try Odd.golden("gates_fg"))
    #expect(
      gates.diagnosis.first?.map
        == #"{"reorder": ["lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0","#
        + #" "lstm.bias_hh_l0"], "from": "igfo", "to": "ifgo"}"#)
  }

  /// A convolution whose input was recorded in part: its source is computed.
  @Test func sampledGolden() throws {
    let values = try Fixtures.values("conv3d2.weight")
    let model = try Fixtures.model(
      replacing: [
        "conv3d2.weight": values.indices.map { index in
          let (d, h, w) = (index % 27 / 9, index % 9 / 3, index % 3)
          return values[index / 27 * 27 + w * 9 + h * 3 + d]
        }
      ])
    let report = try Parity.verify(
      weights: model, golden: try Fixtures.golden("best"), threads: 2)
    #expect(report.diagnosis.map(\.fault) == [.axesPermuted], "\(report.diagnosis)")
    #expect(report.diagnosis.map(\.layer) == ["conv3d2"])
  }

  /// With the noise that rounding weights makes, what is left lies about one such noise away.
  @Test func weightsInBFloat16() throws {
    let rounded = try Fixtures.values("conv3d2.weight").map { value -> Float in
      let bits = value.bitPattern
      return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
    }
    let report = try Parity.verify(
      weights: try Fixtures.model(replacing: ["conv3d2.weight": rounded]),
      golden: try Fixtures.golden("best_full"), threads: 2)
    let diagnosis = try #require(report.diagnosis.first)
    #expect(diagnosis.layer == "conv3d2")
    #expect(diagnosis.fault == .weightsRounded)
    #expect((0.7..<1.4).contains(diagnosis.residual), "\(diagnosis.sentence)")
  }

  @Test func auditOfASoundGolden() throws {
    let audit = try Parity.audit(weights: try Odd.model(), golden: try Odd.golden("sound"))
    #expect(audit.injected > 200)
    #expect(audit.killScore > 0.95)
    #expect(audit.rows.contains { $0.fault == .adaptiveBins && $0.caught == $0.injected })
    let bare = try Parity.audit(
      weights: try Odd.model(), golden: try Odd.golden("sound", keeping: ["input", "logits"]))
    // Of this small network the logits alone show every fault that all activations show.
    #expect(bare.killScore <= audit.killScore)
  }

  /// 8 x 8 x 12 divides by 4 x 4 x 6: no clip of this shape can show wrong windows.
  @Test func windowsThatDivideSurvive() throws {
    let audit = try Parity.audit(
      weights: try Fixtures.model(), golden: try Fixtures.golden("best_full"), threads: 2)
    #expect(audit.killScore > 0.9)
    #expect(audit.survivors.contains { $0.layer == "adaptive_pool" && $0.fault == .adaptiveBins })
  }

  @Test func auditNeedsParity() throws {
    let error = #expect(throws: PortError.self) {
      try Parity.audit(weights: try Odd.model(), golden: try Odd.golden("flipped"))
    }
    #expect(error?.kind == .mismatch)
  }
}

extension Checkpoint {
  /// Changes the elements of one tensor.
  fileprivate mutating func change(
    _ name: String, _ body: ([Float]) -> [Float]
  ) throws {
    let old = try #require(self.tensor(name))
    let changed = Tensor(floats: body(try old.floats()), shape: old.shape)
    tensors = tensors.map {
      $0.name == name ? TensorRecord(path: $0.path, tensor: changed) : $0
    }
  }
}
