import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import TestSupport
import Testing

/// A network of our own with int8 weights, whose scales stand beside them.
@Suite struct RoundedModelTests {
  private let architecture: Architecture
  private let weights: WeightFile

  init() throws {
    architecture = try Architecture(
      name: "Tiny", input: [3],
      layers: [
        Layer("first", .linear(.init(3, 4))), Layer(.relu), Layer("second", .linear(.init(4, 2))),
      ])
    func numbers(_ count: Int) -> [Float] { (0..<count).map { Float($0 % 5) - 1.75 } }
    var tensors = StateDict()
    for spec in architecture.parameterTable {
      let tensor = Tensor(floats: numbers(spec.shape.elementCount), shape: spec.shape)
      if spec.shape.rank < 2 {
        try tensors.append(spec.name, tensor)
        continue
      }
      let rounded = try tensor.quantised()
      try tensors.append(spec.name, rounded.tensor)
      try tensors.append(spec.name + ".scale", #require(rounded.scale))
    }
    weights = WeightFile(tensors: tensors, facts: [:], digests: [:])
  }

  /// The search for a fault runs parts of the network, with the numbers that the integers mean.
  @Test func aWrongGoldenIsExaminedAndNoError() throws {
    let path = try temporaryPath("golden.safetensors")
    let golden = try StateDict([
      ("input", Tensor(floats: [1, 2, 3, -1, 0, 1], shape: Shape(known: [2, 3]))),
      ("logits", Tensor(floats: [9, -7, 3, 4], shape: Shape(known: [2, 2]))),
    ])
    try CheckpointFile.write(
      WeightFile(tensors: golden, facts: [:], digests: [:]), format: .safetensors, to: path,
      replacing: true)
    let model = try LoadedModel(weights.checkpoint, architecture: architecture)
    let report = try Parity.verify(weights: model, golden: Golden.open(path: path))
    #expect(report.verdict == .broken)
  }
}
