import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

/// Poolings of which a hypothesis has windows that hold nothing.
@Suite struct OddPoolingTests {
  private static func numbers(_ extents: [Int]) -> Tensor {
    let shape = Shape(known: extents)
    return Tensor(
      floats: (0..<shape.elementCount).map { Float(($0 * 37 + 11) % 64) / 97 - 0.3 }, shape: shape)
  }

  /// More windows than elements: moved by one, the first lies outside. What follows needs all.
  @Test func anAdaptivePoolingToMoreElements() throws {
    let architecture = try Architecture(
      name: "Wider", input: [2, 3],
      layers: [
        Layer("pool", .adaptiveMaxPool([4])), Layer(.flatten(from: 1)),
        Layer("fc", .linear(.init(8, 3))), Layer("share", .softmax(axis: 1, logarithm: false)),
      ])
    let records = architecture.parameterTable.map { spec in
      TensorRecord(path: [spec.name], tensor: Self.numbers(spec.shape.extents))
    }
    let model = try LoadedModel(
      Checkpoint(container: .npz, tensors: records), architecture: architecture)
    let golden = try Golden(
      Checkpoint(
        container: .npz,
        tensors: [
          TensorRecord(path: ["input"], tensor: Self.numbers([2, 2, 3])),
          TensorRecord(path: ["logits"], tensor: Self.numbers([2, 3])),
        ]))
    let report = try Parity.verify(weights: model, golden: golden)
    #expect(report.verdict == .broken)
    #expect(!report.diagnosis.isEmpty)
  }
}
