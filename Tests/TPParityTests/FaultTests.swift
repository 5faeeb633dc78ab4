import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

/// A fault of a port, as the weights that it makes the model run with.
struct InjectedFault: CustomTestStringConvertible, Sendable {
  var name: String
  /// The tensors that are other than they should be.
  var changes: @Sendable () throws -> [String: [Float]]
  /// The first activation over the line.
  var first: String
  /// What the diagnosis of that layer should be.
  var named: TPParity.Fault

  var testDescription: String { name }
}

@Suite struct FaultTests {
  static let rows = 128  // of one LSTM gate

  static let faults: [InjectedFault] = [
    InjectedFault(
      name: "every weight rounded to float16",
      changes: {
        var changes: [String: [Float]] = [:]
        for spec in Architecture.lightweightCNNLSTM.parameterTable where spec.kind == .parameter {
          changes[spec.name] = try Fixtures.values(spec.name).map { Float(Float16($0)) }
        }
        return changes
      }, first: "conv3d1", named: .weightsRounded),
    InjectedFault(
      name: "LSTM gates f and g swapped",
      changes: {
        var changes: [String: [Float]] = [:]
        for name in ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"] {
          let values = try Fixtures.values("lstm." + name)
          let gate = values.count / 4
          changes["lstm." + name] = Array(
            values[..<gate] + values[2 * gate..<3 * gate] + values[gate..<2 * gate]
              + values[(3 * gate)...])
        }
        return changes
      }, first: "lstm", named: .gateOrder),
    InjectedFault(
      name: "LSTM bias_hh left out",
      changes: { ["lstm.bias_hh_l0": Array(repeating: 0, count: 4 * rows)] }, first: "lstm",
      named: .biasMissing),
    InjectedFault(
      name: "depth and width of a cubic kernel swapped",
      changes: {
        let values = try Fixtures.values("conv3d2.weight")
        return [
          "conv3d2.weight": values.indices.map { index in
            let (d, h, w) = (index % 27 / 9, index % 9 / 3, index % 3)
            return values[index / 27 * 27 + w * 9 + h * 3 + d]
          }
        ]
      }, first: "conv3d2", named: .axesPermuted),
    InjectedFault(
      name: "batch norm with an eps of 1e-3",
      changes: {
        let values = try Fixtures.values("bn3d2.running_var")
        return ["bn3d2.running_var": values.map { $0 + (1e-3 - 1e-5) }]
      }, first: "bn3d2", named: .epsilon),
    InjectedFault(
      name: "classes permuted in the last layer",
      changes: {
        let weight = try Fixtures.values("fc_out.weight")
        let bias = try Fixtures.values("fc_out.bias")
        return [
          "fc_out.weight": Array(weight[128..<192] + weight[..<64] + weight[64..<128])
            + weight[192...],
          "fc_out.bias": [bias[2], bias[0], bias[1], bias[3]],
        ]
      }, first: "fc_out", named: .classesPermuted),
    InjectedFault(
      name: "one convolution of another epoch",
      changes: {
        let path = Fixtures.folder + "run/checkpoint_epoch_15.pth"
        return ["conv3d3.weight": try Fixtures.values("conv3d3.weight", path: path)]
      }, first: "conv3d3", named: .unknown),
    InjectedFault(
      name: "unbiased variance in bn3d3",
      changes: {
        // A batch of 8 in training: n elements of each channel.
        let n = Float(8 * 16 * 16 * 24)
        return [
          "bn3d3.running_var": try Fixtures.values("bn3d3.running_var").map { $0 * n / (n - 1) }
        ]
      }, first: "bn3d3", named: .unbiasedVariance),
    InjectedFault(
      name: "noise of 1e-6 on the weights of fc1",
      changes: {
        var random = Seeded(state: 7)
        return [
          "fc1.weight": try Fixtures.values("fc1.weight").map { $0 + 1e-6 * random.normal() }
        ]
      }, first: "fc1", named: .unknown),
    InjectedFault(
      name: "the bias of conv3d2 left out",
      changes: { ["conv3d2.bias": Array(repeating: 0, count: 32)] }, first: "conv3d2",
      named: .biasMissing),
  ]

  @Test(arguments: faults) func isBrokenAtItsLayer(fault: InjectedFault) throws {
    let model = try Fixtures.model(replacing: try fault.changes())
    let report = try Parity.verify(
      weights: model, golden: try Fixtures.golden("best_full"), threads: 2)
    #expect(report.verdict == .broken)
    #expect(report.firstOver?.name == fault.first)
    #expect(report.activations.allSatisfy { !$0.portIsOver })
    #expect(report.diagnosis.first?.layer == fault.first)
    #expect(report.diagnosis.allSatisfy { $0.fault == fault.named }, "\(report.diagnosis)")
    let isWhole = fault.named == .weightsRounded
    #expect(report.diagnosis.count == 1 || isWhole, "\(report.diagnosis)")
    #expect(report.reason.contains("the golden's \(fault.first) is the first over the line"))
    #expect(report.warnings.first?.hasPrefix("the golden was recorded from other weights") == true)
  }

  @Test func classesInAnotherOrderAreBroken() throws {
    var checkpoint = try CheckpointFile.open(path: Fixtures.best)
    var tree = checkpoint.metadata
    let order = ["my_mouth_is_dry", "i_need_to_move", "doctor", "pillow"].enumerated().map {
      MetadataTree.Entry(key: tree.add(.string($1)), value: tree.add(.int($0)))
    }
    let classes = tree.add(.dict(order))
    tree.root = tree.add(.dict([.init(key: tree.add(.string("class_to_idx")), value: classes)]))
    checkpoint.metadata = tree
    let report = try Parity.verify(
      weights: try LoadedModel(checkpoint), golden: try Fixtures.golden("best_full"))
    #expect(report.verdict == .broken)
    #expect(report.firstOver == nil)
    #expect(
      report.reason
        == "the classes are in another order: my_mouth_is_dry, i_need_to_move, doctor, pillow with"
        + " the weights, doctor, i_need_to_move, my_mouth_is_dry, pillow in the golden")
  }

  /// A changed value in the middle of the file: without a float64 record nothing proves that the
  /// golden is what is wrong; with one that agrees with the truth, it is.
  @Test(arguments: [(false, ParityReport.Verdict.broken), (true, .goldenSuspect)])
  func tamperedActivation(keepingDoubles: Bool, verdict: ParityReport.Verdict) throws {
    var tensors = try Fixtures.tensors("best")
    let original = try #require(tensors.tensor("pool3d2"))
    var values = try original.floats()
    values[values.count / 2] += 0.01
    tensors = tensors.with("pool3d2", Tensor(floats: values, shape: original.shape))
    if !keepingDoubles { tensors = tensors.without { $0.hasPrefix("float64/") } }
    let report = try Parity.verify(
      weights: try Fixtures.model(), golden: try Golden(tensors), threads: 2)
    #expect(report.verdict == verdict)
    #expect(report.firstOver?.name == "pool3d2")
    #expect(report.activations.filter { $0.status == .over }.count == 1)
    #expect(report.warnings == [])
  }
}

/// A small generator (splitmix64), so that a fault is the same in every run.
struct Seeded {
  var state: UInt64

  /// Uniform in [0, 1).
  mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }

  /// Nearly normal: the sum of twelve uniform numbers, less 6.
  mutating func normal() -> Float {
    Float((0..<12).reduce(0.0) { sum, _ in sum + uniform() } - 6)
  }
}
