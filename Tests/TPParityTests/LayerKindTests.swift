import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

/// Every kind of layer over a table of hyperparameters, against what PyTorch computed in float32 and
/// in float64 (fixtures/layers/make.py).
struct LayerKindTests {
  /// One layer with its weights and what PyTorch made of an input.
  struct Case: CustomTestStringConvertible, Sendable {
    var name: String
    var clips: Int
    var architecture: Architecture
    var weights: StateDict
    var input: [Float]
    var output: [Int]
    var single: [Float]
    var double: [Double]

    var testDescription: String { name }
  }

  static let cases: [Case] = (try? read()) ?? []

  private static func read() throws -> [Case] {
    let file = try CheckpointFile.open(path: Fixtures.folder + "layers/layers.npz")
    func tensor(_ name: String) throws -> Tensor {
      try #require(file.tensors.first { $0.name == name }?.tensor)
    }
    let text = try tensor("cases").integers().map { UInt8(truncatingIfNeeded: $0) }
    let list = try JSONValue(parsing: String(decoding: text, as: UTF8.self))
    var numbers: [String: ArraySlice<Float>] = [:]
    for name in ["inputs", "parameters", "float32", "beyond"] {
      numbers[name] = try tensor(name).floats()[...]
    }
    func take(_ name: String, _ shape: [Int]) -> [Float] {
      let count = shape.reduce(1, *)
      let taken = Array(numbers[name]?.prefix(count) ?? [])
      numbers[name]?.removeFirst(count)
      return taken
    }
    return try #require(list.array).map { entry in
      let shape = try #require(entry["input"]?.array).compactMap(\.int)
      let output = try #require(entry["output"]?.array).compactMap(\.int)
      let clips = try #require(entry["clips"]?.int)
      let layer = try #require(entry["layer"])
      let architecture = try Architecture(
        description: [
          "name": "X", "input": .array(shape.map(JSONValue.int)),
          "layers": [layer, ["kind": "Flatten"]],
        ])
      var weights = StateDict()
      for parameter in try #require(entry["parameters"]?.array) {
        let name = try #require(parameter.array?.first?.string)
        let shape = try #require(parameter.array?.last?.array).compactMap(\.int)
        try weights.append(
          "layer." + name, Tensor(floats: take("parameters", shape), shape: try Shape(shape)))
      }
      for spec in architecture.parameterTable where !spec.dtype.isFloatingPoint {
        try weights.append(
          spec.name,
          Tensor(
            dtype: spec.dtype, shape: spec.shape,
            storage: Storage(key: "0", region: ByteRegion(Array(repeating: 0, count: 8)))))
      }
      let single = take("float32", [clips] + output)
      let beyond = take("beyond", [clips] + output)
      return Case(
        name: try #require(entry["name"]?.string), clips: clips, architecture: architecture,
        weights: weights, input: take("inputs", [clips] + shape), output: output, single: single,
        double: zip(single, beyond).map { Double($0) + Double($1) })
    }
  }

  @Test func theTableIsRead() { #expect(LayerKindTests.cases.count == 212) }

  @Test(arguments: cases) func agreesWithPyTorch(given: Case) throws {
    let architecture = given.architecture
    #expect(architecture.outputs.first == given.output)
    #expect(try Architecture(description: architecture.json) == architecture)
    let weights = try architecture.bind(given.weights)
    let network = try Network(architecture, weights)
    let truths = try network.truth(given.input, batch: given.clips, recording: ["logits"])
    let truth = try #require(truths.first)
    #expect(truth.values.count == given.single.count)
    // PyTorch's float64: another order of sums is all that may differ.
    for (index, value) in truth.values.enumerated() {
      let expected = given.double[index]
      let slack = 0.01 * Double(truth.noise[index]) + 1e-13 * abs(expected)
      #expect(abs(value - expected) <= slack, "\(index): \(value) for \(expected)")
    }
    try judge(given.single, truth, "PyTorch")
    var first: [UInt32]?
    for variant in KernelVariant.available {
      let network = try Network(architecture, weights, variant: variant)
      let run = try network.run(given.input, batch: given.clips, threads: 2)
      let bits = run.logits.map(\.bitPattern)
      if first == nil { try judge(run.logits, truth, "ours") }
      #expect(bits == first ?? bits, "\(variant)")
      first = first ?? bits
    }
  }

  private func judge(_ values: [Float], _ truth: TrueActivation, _ who: String) throws {
    var score = NoiseScore()
    for (index, value) in values.enumerated() {
      score.add(Double(value), truth: truth.values[index], noise: truth.noise[index])
    }
    #expect(!score.isOver, "\(who): max z \(score.max), rms z \(score.rms) of \(score.count)")
  }
}
