import Foundation
import TPBytes
import TPModels
import Testing

/// Every kind of layer over a table of hyperparameters, against PyTorch in float64 and against the
/// definition in exact arithmetic.
struct LayerTests {
  @Test func thereAreCases() {
    #expect(Fixtures.layers.count == 28)
  }

  @Test(arguments: Fixtures.layers)
  func truthAndNoise(example: LayerCase) throws {
    let names = example.layers.indices.map { "step\($0)" }
    let network = try example.network()
    let recorded = network.architecture.activations.map(\.name)
    let found = try network.truth(
      example.clips, batch: 2, recording: Set(names).intersection(recorded))
    for activation in found {
      let step = try #require(example.step(activation.name))
      #expect(activation.shape == step.shape)
      let values: [Double] = numbers(step.float64)
      let noise: [Float] = numbers(step.noise)
      try #require(activation.values.count == values.count)
      for index in values.indices {
        let distance = abs(activation.values[index] - values[index])
        // A millionth of float32's own noise; a maximum or a copy of the input has none.
        #expect(distance <= 1e-6 * Double(noise[index]))
        #expect(abs(activation.noise[index] - noise[index]) <= 1e-6 * noise[index])
      }
    }
  }

  @Test(arguments: Fixtures.layers, KernelVariant.available)
  func definition(example: LayerCase, variant: KernelVariant) throws {
    let network = try example.network(variant)
    let names = Set(network.architecture.activations.map(\.name))
    for activation in try network.run(example.clips, batch: 2, recording: names).activations {
      guard let step = example.step(activation.name), let exact = step.float32 else { continue }
      // As numbers: the fractions of the fixture know no -0.0.
      #expect(activation.values == numbers(exact, as: Float.self), "\(activation.name)")
    }
  }

  /// The lines of the verdict: max 24, rms 2 (1 + 4 / sqrt(n)).
  @Test(arguments: Fixtures.layers)
  func withinTheLines(example: LayerCase) throws {
    let network = try example.network()
    let names = Set(network.architecture.activations.map(\.name))
    for activation in try network.run(example.clips, batch: 2, recording: names).activations {
      guard let step = example.step(activation.name) else { continue }
      let values: [Double] = numbers(step.float64)
      let noise: [Float] = numbers(step.noise)
      var squares = 0.0
      for index in values.indices {
        let distance = Double(activation.values[index]) - values[index]
        let z = distance == 0 ? 0 : distance / Double(noise[index])
        #expect(abs(z) <= 24)
        squares += z * z
      }
      let count = Double(values.count)
      #expect((squares / count).squareRoot() <= 2 * (1 + 4 / count.squareRoot()))
    }
  }

  @Test(arguments: Fixtures.layers)
  func variantsAndBatchesGiveTheSameBits(example: LayerCase) throws {
    let first = try bits(example, .best, together: true)
    #expect(try bits(example, .best, together: false) == first)
    for variant in KernelVariant.available {
      #expect(try bits(example, variant, together: true) == first)
    }
  }

  private func bits(
    _ example: LayerCase, _ variant: KernelVariant, together: Bool
  ) throws -> [UInt64] {
    let network = try example.network(variant)
    let clips = example.clips
    let half = clips.count / 2
    let parts = together ? [clips] : [Array(clips[..<half]), Array(clips[half...])]
    var result: [UInt64] = []
    for part in parts {
      let batch = together ? 2 : 1
      result += try network.run(part, batch: batch).logits.map { UInt64($0.bitPattern) }
    }
    for part in parts {
      let batch = together ? 2 : 1
      let truth = try network.truth(part, batch: batch, recording: ["logits"])
      result += truth.flatMap { $0.values.map(\.bitPattern) }
    }
    return result
  }
}

extension LayerCase {
  func step(_ name: String) -> Step? {
    Int(name.dropFirst(4)).map { layers[$0] }
  }
}
