import TPBytes
import TPModels
import TPTensors
import Testing

/// Running networks: what may be asked, and what comes back under which name.
struct NetworkTests {
  private func network(
    weight: [Float] = [1, 2], bias: [Float] = [0.5], outputs: Int = 1
  ) throws -> Network {
    let architecture = try Architecture(
      name: "Tiny", input: [2],
      layers: [Layer("drop", .dropout(0.5)), Layer("fc", .linear(.init(2, outputs)))])
    var weights = StateDict()
    try weights.append("fc.weight", Tensor(floats: weight, shape: Shape([outputs, 2])))
    try weights.append("fc.bias", Tensor(floats: bias, shape: Shape([outputs])))
    return try Network(architecture, architecture.bind(weights))
  }

  @Test func logitsAreTheLastLayer() throws {
    let run = try network().run([1, 10, 2, 20], batch: 2, recording: ["fc", "logits"])
    #expect(run.logits == [21.5, 42.5])
    #expect(run.activations.map(\.name) == ["fc", "logits"])
    #expect(run.activations.map(\.shape) == [[2, 1], [2, 1]])
    #expect(run.activations.allSatisfy { $0.values == run.logits })
    let truth = try network().truth([1, 10, 2, 20], batch: 2, recording: ["fc", "logits"])
    #expect(truth.map(\.name) == ["fc", "logits"])
    #expect(truth.allSatisfy { $0.values == [21.5, 42.5] })
    // 0.5 u (1 + 20 + 0.5) and twice as much less the bias.
    #expect(truth[0].noise == [0x1p-25 * 21.5, 0x1p-25 * 42.5])
  }

  @Test func nothingIsRecordedUnasked() throws {
    #expect(try network().run([1, 2], batch: 1).activations.isEmpty)
    #expect(try network().truth([1, 2], batch: 1, recording: []).isEmpty)
  }

  @Test func noClips() throws {
    let run = try network().run([], batch: 0, recording: ["fc"])
    #expect(run.logits.isEmpty)
    #expect(run.activations.map(\.shape) == [[0, 1]])
    #expect(try network().truth([], batch: 0, recording: ["fc"]).map(\.values) == [[]])
  }

  @Test(arguments: [(3, 1), (2, 2), (2, -1), (0, 1), (2, Int.max)])
  func inputsOfAnotherSize(elements: Int, batch: Int) throws {
    let input = [Float](repeating: 0, count: elements)
    let network = try network()
    let message = "\(batch) clips of [2] are needed and \(elements) numbers were given"
    let ran = #expect(throws: PortError.self) { try network.run(input, batch: batch) }
    #expect(ran == PortError(.mismatch, message))
    let truth = #expect(throws: PortError.self) {
      try network.truth(input, batch: batch, recording: [])
    }
    #expect(truth == PortError(.mismatch, message))
  }

  @Test(arguments: [
    ("fcc", "did you mean fc?"), ("drop", "there are fc, logits"),
    ("conv3d1", "there are fc, logits"),
  ])
  func unknownActivations(name: String, remedy: String) throws {
    let network = try network()
    let error = #expect(throws: PortError.self) {
      try network.run([1, 2], batch: 1, recording: [name])
    }
    #expect(error == PortError(.usage, "Tiny has no activation \(name)", remedy: remedy))
  }

  @Test func weightsOfAnotherArchitecture() throws {
    let one = try Architecture(name: "One", input: [2], layers: [Layer("a", .linear(.init(2, 2)))])
    let two = try Architecture(name: "Two", input: [2], layers: [Layer("b", .linear(.init(2, 2)))])
    let weights = try one.bind(fitting(one))
    let error = #expect(throws: PortError.self) { try Network(two, weights) }
    #expect(
      error == PortError(.mismatch, "the weights were bound to One, not to Two"))
  }

  @Test func numbersThatAreNotFinite() throws {
    let run = try network(weight: [.infinity, 1, 1, 1], bias: [0, 0], outputs: 2)
      .run([0, 1, 1, 1, .nan, 1], batch: 3)
    #expect(run.logits[0].isNaN)  // 0 * infinity
    #expect(run.logits[1] == 1)
    #expect(run.logits[2] == .infinity)
    #expect(run.logits[4].isNaN && run.logits[5].isNaN)
  }

  @Test func nanPassesReLUAndMaximum() throws {
    let architecture = try Architecture(
      name: "Pool", input: [1, 1, 2, 4],
      layers: [
        Layer("relu", .relu), Layer("pool", .maxPool(.init([1, 2, 2]))), Layer(.flatten(from: 1)),
      ])
    for variant in KernelVariant.available {
      let network = try Network(architecture, architecture.bind(StateDict()), variant: variant)
      let run = try network.run([.nan, -1, -2, -3, 5, 1, -4, -.infinity], batch: 1)
      #expect(run.logits[0].isNaN)
      #expect(run.logits[1] == 0)
    }
  }

  @Test func anInfiniteWeightMeetsThePadding() throws {
    let architecture = try Architecture(
      name: "Pad", input: [1, 1, 1, 3],
      layers: [
        Layer("c", .convolution(.init(1, 1, kernel: [1, 1, 3], padding: [0, 0, 1]))),
        Layer(.flatten(from: 1)),
      ])
    var weights = StateDict()
    try weights.append(
      "c.weight", Tensor(floats: [.infinity, 1, 1], shape: Shape([1, 1, 1, 1, 3])))
    try weights.append("c.bias", Tensor(floats: [0], shape: Shape([1])))
    let network = try Network(architecture, architecture.bind(weights))
    let logits = try network.run([1, 1, 1], batch: 1).logits
    #expect(logits[0].isNaN && logits[1] == .infinity && logits[2] == .infinity)
  }

  /// Buffers are reused: a pass leaves nothing behind for the next, nor for one beside it.
  @Test func manyAtOnce() async throws {
    let example = try #require(Fixtures.layers.first { $0.name == "a whole small network" })
    let network = try example.network()
    let expected = try network.run(example.clips, batch: 2).logits
    let truth = try network.truth(example.clips, batch: 2, recording: ["logits"])[0]
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<50 {
        group.addTask {
          let again = try network.truth(example.clips, batch: 2, recording: ["logits"])[0]
          return try network.run(example.clips, batch: 2).logits == expected
            && again.values == truth.values && again.noise == truth.noise
        }
      }
      for try await same in group { #expect(same) }
    }
  }
}
