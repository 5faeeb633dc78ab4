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

  /// A pooling and what follows it, and a golden with numbers of no network.
  private static func report(
    _ pool: Layer.Kind, over input: [Int], recording name: String = "logits", _ shape: [Int]? = nil
  ) throws -> ParityReport {
    let features = try Architecture(
      name: "Pooled", input: input, layers: [Layer("pool", pool), Layer(.flatten(from: 1))]
    ).outputs[1][0]
    let architecture = try Architecture(
      name: "Pooled", input: input,
      layers: [
        Layer("pool", pool), Layer(.flatten(from: 1)),
        Layer("fc", .linear(.init(features, 3))),
        Layer("share", .softmax(axis: 1, logarithm: false)),
      ])
    let records = architecture.parameterTable.map { spec in
      TensorRecord(path: [spec.name], tensor: numbers(spec.shape.extents))
    }
    let model = try LoadedModel(
      Checkpoint(container: .npz, tensors: records), architecture: architecture)
    var recorded = [
      TensorRecord(path: ["input"], tensor: numbers([2] + input)),
      TensorRecord(path: ["logits"], tensor: numbers([2, 3])),
    ]
    if let shape { recorded.append(TensorRecord(path: [name], tensor: numbers([2] + shape))) }
    return try Parity.verify(
      weights: model, golden: try Golden(Checkpoint(container: .npz, tensors: recorded)))
  }

  /// More windows than elements: moved by one, the first lies outside. What follows needs all.
  /// Windows over two axes, and more windows than two elements have: each kind is tried.
  @Test(
    arguments: [
      (.adaptiveMaxPool([4]), [2, 3]), (.adaptiveAveragePool([2, 4]), [3, 5, 6]),
      (.adaptiveAveragePool([5, 1, 1]), [2, 2, 2, 2]), (.adaptiveAveragePool([3]), [2, 2]),
    ] as [(Layer.Kind, [Int])]) func adaptive(pool: Layer.Kind, input: [Int]) throws
  {
    let report = try Self.report(pool, over: input)
    #expect(report.verdict == .broken)
    #expect(!report.diagnosis.isEmpty)
  }

  /// Recorded with another number of windows.
  @Test func anAdaptiveMaximumOfAnotherShape() throws {
    let report = try Self.report(.adaptiveMaxPool([3]), over: [2, 2], recording: "pool", [2, 2])
    #expect(report.verdict == .broken)
    #expect(report.diagnosis.map(\.layer) == ["pool"])
  }
}
