import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

/// A batch norm without a weight and a bias of its own (`affine=False`).
@Suite struct PlainNormTests {
  private static func model(epsilon: Double) throws -> LoadedModel {
    let architecture = try Architecture(
      name: "Plain", input: [4],
      layers: [
        Layer("fc1", .linear(.init(4, 6))),
        Layer("bn", .batchNorm(.init(6, epsilon: epsilon, isAffine: false))),
        Layer("fc2", .linear(.init(6, 3))),
      ])
    let records = try architecture.parameterTable.map { spec -> TensorRecord in
      guard spec.dtype.isFloatingPoint else {
        return TensorRecord(
          path: [spec.name],
          tensor: try Tensor(
            dtype: spec.dtype, shape: spec.shape,
            storage: Storage(
              key: spec.name, region: ByteRegion([UInt8](repeating: 0, count: 8)))))
      }
      let offset: Float = spec.name.hasSuffix("running_var") ? 0.7 : -0.3
      let values = (0..<spec.shape.elementCount).map { index in
        Float((index * 37 + 11) % 64) / 97 + offset
      }
      return TensorRecord(path: [spec.name], tensor: Tensor(floats: values, shape: spec.shape))
    }
    return try LoadedModel(
      Checkpoint(container: .npz, tensors: records), architecture: architecture)
  }

  /// What a model makes of eight clips, recorded whole.
  private static func golden(_ model: LoadedModel) throws -> Golden {
    let input = (0..<32).map { Float(($0 * 29 + 5) % 61) / 61 }
    let run = try model.network.run(
      input, batch: 8, recording: Set(model.architecture.activations.map(\.name)))
    var records = [
      TensorRecord(
        path: ["input"], tensor: Tensor(floats: input, shape: Shape(known: [8, 4])))
    ]
    for activation in run.activations {
      records.append(
        TensorRecord(
          path: [activation.name],
          tensor: Tensor(floats: activation.values, shape: Shape(known: activation.shape))))
    }
    return try Golden(Checkpoint(container: .npz, tensors: records))
  }

  @Test func anotherEpsilonIsNamed() throws {
    let report = try Parity.verify(
      weights: try Self.model(epsilon: 1e-5), golden: try Self.golden(Self.model(epsilon: 1e-3)))
    #expect(report.verdict == .broken)
    #expect(
      report.diagnosis.map { [$0.layer, $0.fault.rawValue] } == [["bn", "batch_norm_eps"]],
      "\(report.diagnosis)")
  }

  @Test func audit() throws {
    let model = try Self.model(epsilon: 1e-5)
    let audit = try Parity.audit(weights: model, golden: try Self.golden(model))
    #expect(audit.rows.contains { $0.layer == "bn" && $0.fault == .epsilon && $0.caught > 0 })
  }
}
