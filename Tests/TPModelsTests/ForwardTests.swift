import TPBytes
import TPModels
import TPTensors
import TestSupport
import Testing

/// The forward pass on shapes that the fast algorithms take and on some that they do not: the same
/// bits whatever runs it, and within the lines of the verdict.
struct ForwardTests {
  static let networks: [Architecture] = [
    network("one channel, no pooling", [1, 2, 4, 4], [conv(1, 16), norm(16), relu]),
    network("one channel, plane", [1, 4, 8, 8], [conv(1, 16), relu, pool(1, 2, 2)]),
    network(
      "one channel, cube", [1, 6, 12, 20], [conv(1, 32), norm(32), relu, pool(2, 2, 2)]),
    network("three vectors", [1, 2, 4, 72], [conv(1, 48), norm(48)]),
    network(
      "two in a row", [1, 4, 16, 28],
      [conv(1, 16), norm(16), relu, pool(1, 2, 2), conv(16, 32), norm(32), relu]),
    network(
      "many channels", [16, 10, 20, 12],
      [conv(16, 80), norm(80), relu, pool(1, 2, 2), conv(80, 5), relu, pool(2, 3, 2)]),
    network(
      "whole strips and a rest", [32, 6, 20, 16], [conv(32, 48), norm(48), relu, pool(2, 2, 2)]),
    network("a long row", [16, 2, 4, 200], [conv(16, 96), pool(2, 2, 2)]),
    network("pooling that no strip takes", [16, 4, 8, 12], [conv(16, 16), pool(2, 4, 3)]),
    network("pooling that overlaps", [16, 4, 8, 8], [conv(16, 16), relu, overlap]),
    network("odd extents", [16, 3, 7, 13], [conv(16, 33), norm(33), relu, pool(3, 2, 3)]),
    network("odd channels", [5, 4, 8, 8], [conv(5, 16), relu, conv(16, 7), norm(7)]),
  ].compactMap { $0 }

  @Test func everyNetworkFits() { #expect(Self.networks.count == 12) }

  @Test(arguments: networks) func sameBits(architecture: Architecture) throws {
    let weights = try architecture.bind(Noise.weights(architecture))
    let clips = Noise.clips(architecture, count: 8)
    let size = clips.count / 8
    let names = Set(architecture.activations.map(\.name))
    let first = try Network(architecture, weights).run(clips, batch: 8, recording: names)
    for variant in KernelVariant.available {
      let network = try Network(architecture, weights, variant: variant)
      let again = try network.run(clips, batch: 8, recording: names)
      #expect(again.logits.bits == first.logits.bits)
      for (one, other) in zip(again.activations, first.activations) {
        #expect(one.values.bits == other.values.bits, "\(variant) \(one.name)")
      }
      for threads in 1...3 {
        for batch in [1, 3, 8] {
          let run = try network.run(Array(clips[..<(batch * size)]), batch: batch, threads: threads)
          #expect(run.logits.bits == Array(first.logits.bits.prefix(run.logits.count)))
        }
      }
    }
  }

  @Test(arguments: networks) func withinTheLines(architecture: Architecture) throws {
    let network = try Network(architecture, architecture.bind(Noise.weights(architecture)))
    let clips = Noise.clips(architecture, count: 2)
    let names = Set(architecture.activations.map(\.name))
    let found = try network.run(clips, batch: 2, recording: names).activations
    for (activation, truth) in zip(found, try network.truth(clips, batch: 2, recording: names)) {
      try #require(activation.name == truth.name && activation.values.count == truth.values.count)
      var (most, squares) = (0.0, 0.0)
      for index in truth.values.indices {
        let distance = abs(Double(activation.values[index]) - truth.values[index])
        let z = distance == 0 ? 0 : distance / Double(truth.noise[index])
        most = max(most, z)
        squares += z * z
      }
      let count = Double(truth.values.count)
      #expect(most <= 24, "\(activation.name)")
      #expect((squares / count).squareRoot() <= 2 * (1 + 4 / count.squareRoot()))
    }
  }

  /// A bright point changes no bit of an output whose window it does not lie in: by F(4x4) it left its
  /// rounding there, up to 44 times the noise of the output.
  @Test(arguments: KernelVariant.available)
  func anEmptyWindowFeelsNothing(variant: KernelVariant) throws {
    let architecture = Self.networks[1]
    let network = try Network(
      architecture, architecture.bind(Noise.weights(architecture)), variant: variant)
    func output(_ clip: [Float]) throws -> [Float] {
      let run = try network.run(clip, batch: 1, recording: ["l2"])
      return try #require(run.activations.first { $0.name == "l2" }).values
    }
    let (depth, height, width) = (4, 8, 8)
    let dark = [Float](repeating: 0, count: depth * height * width)
    let before = try output(dark)
    try #require(before.count == 16 * depth * 4 * 4)
    for point in dark.indices {
      var clip = dark
      clip[point] = 1
      let (z, y, x) = (point / (height * width), point / width % height, point % width)
      let after = try output(clip)
      for place in after.indices where before[place].bitPattern != after[place].bitPattern {
        let (d, h, w) = (place / 16 % depth, place / 4 % 4, place % 4)
        #expect(
          abs(d - z) <= 1 && (2 * h - 1...2 * h + 2).contains(y)
            && (2 * w - 1...2 * w + 2).contains(x), "the point \(z) \(y) \(x) at \(d) \(h) \(w)")
      }
    }
  }

  /// The network that the kernels were made for. The portable kernels take a second for each clip.
  @Test func theReferenceNetwork() throws {
    let architecture = Architecture.lightweightCNNLSTM
    let weights = try architecture.bind(Noise.weights(architecture))
    let clips = Noise.clips(architecture, count: 8)
    let size = clips.count / 8
    let names = Set(architecture.activations.map(\.name))
    let first = try Network(architecture, weights).run(clips, batch: 8)
    for variant in KernelVariant.available {
      let network = try Network(architecture, weights, variant: variant)
      let one = try network.run(Array(clips[..<size]), batch: 1, recording: names, threads: 2)
      #expect(one.logits.bits == Array(first.logits.bits.prefix(4)), "\(variant)")
      #expect(one.activations.map(\.name) == architecture.activations.map(\.name))
      if variant == .portable { continue }
      for threads in 1...3 {
        for batch in [1, 3, 8] {
          let run = try network.run(Array(clips[..<(batch * size)]), batch: batch, threads: threads)
          #expect(run.logits.bits == Array(first.logits.bits.prefix(4 * batch)))
        }
      }
    }
  }

  /// What is asked for changes nothing that is computed.
  @Test func recordingChangesNothing() throws {
    let architecture = Architecture.lightweightCNNLSTM
    let network = try Network(architecture, architecture.bind(Noise.weights(architecture)))
    let clip = Noise.clips(architecture, count: 1)
    let all = try network.run(
      clip, batch: 1, recording: Set(architecture.activations.map(\.name)))
    #expect(try network.run(clip, batch: 1).logits.bits == all.logits.bits)
    for activation in all.activations {
      let alone = try network.run(clip, batch: 1, recording: [activation.name], threads: 2)
      #expect(alone.activations.map(\.name) == [activation.name])
      #expect(alone.activations[0].values.bits == activation.values.bits, "\(activation.name)")
      #expect(alone.logits.bits == all.logits.bits)
    }
  }

  @Test func aClipThatIsNoNumber() throws {
    let architecture = Architecture.lightweightCNNLSTM
    let network = try Network(architecture, architecture.bind(Noise.weights(architecture)))
    for position in [0, 12_345, 196_607] {
      var clip = Noise.clips(architecture, count: 1)
      clip[position] = .nan
      #expect(try network.run(clip, batch: 1).logits.allSatisfy { $0.isNaN })
      #expect(try network.run(clip, batch: 1, threads: 2).logits.allSatisfy { $0.isNaN })
    }
  }

  /// An infinite weight makes its own channel infinite and no other one.
  @Test func anInfiniteWeightStaysInItsChannel() throws {
    let architecture = try #require(Self.networks.first)
    let given = try Noise.weights(architecture)
    var values = try #require(given["l0.weight"]).floats()
    values[13] = .infinity  // the middle of channel 0
    var changed = StateDict()
    for entry in given.entries {
      try changed.append(
        entry.name,
        entry.name == "l0.weight"
          ? Tensor(floats: values, shape: entry.tensor.shape) : entry.tensor)
    }
    let network = try Network(architecture, architecture.bind(changed))
    let run = try network.run(Noise.clips(architecture, count: 1), batch: 1, recording: ["l2"])
    let channel = 2 * 4 * 4
    #expect(run.activations[0].values[..<channel].allSatisfy { $0 == .infinity })
    #expect(run.activations[0].values[channel...].allSatisfy { $0.isFinite })
  }

  @Test func resultsGoOverWhatWasThere() throws {
    let architecture = try #require(Self.networks.first)
    let network = try Network(architecture, architecture.bind(Noise.weights(architecture)))
    network.prepare(threads: 2)
    let clips = Noise.clips(architecture, count: 3)
    var logits: [Float] = [1, 2, 3]
    try network.run(clips, batch: 3, into: &logits, threads: 2)
    #expect(try logits == network.run(clips, batch: 3).logits)
    #expect(throws: PortError.self) { try network.run(clips, batch: 2, into: &logits) }
  }

  /// Calls that share the threads, and calls that find them taken.
  @Test func manyAtOnce() async throws {
    let architecture = try #require(Self.networks.dropFirst(4).first)
    let network = try Network(architecture, architecture.bind(Noise.weights(architecture)))
    let clips = Noise.clips(architecture, count: 3)
    let expected = try network.run(clips, batch: 3).logits
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<200 {
        group.addTask {
          try network.run(clips, batch: 3, threads: 1 + index % 3).logits == expected
        }
      }
      for try await same in group { #expect(same) }
    }
  }

  private static func conv(_ inputs: Int, _ outputs: Int) -> Layer.Kind {
    .convolution(.init(inputs, outputs, kernel: [3, 3, 3], padding: [1, 1, 1]))
  }
  private static func norm(_ channels: Int) -> Layer.Kind { .batchNorm(.init(channels)) }
  private static func pool(_ d: Int, _ h: Int, _ w: Int) -> Layer.Kind {
    .maxPool(.init([d, h, w]))
  }
  private static let relu = Layer.Kind.relu
  private static let overlap = Layer.Kind.maxPool(.init([2, 2, 2], stride: [1, 1, 1]))

  /// Layers `l0`, `l1`, ..., and a linear layer that makes logits.
  private static func network(
    _ name: String, _ input: [Int], _ kinds: [Layer.Kind]
  ) -> Architecture? {
    var layers = kinds.enumerated().map { Layer("l\($0)", $1) }
    layers.append(Layer(.flatten(from: 1)))
    guard let body = try? Architecture(name: name, input: input, layers: layers) else { return nil }
    layers.append(Layer("head", .linear(.init(body.classCount, 3))))
    return try? Architecture(name: name, input: input, layers: layers)
  }
}

/// Numbers that are the same in every run.
enum Noise {
  /// Clips of numbers from 0 to 1.
  static func clips(_ architecture: Architecture, count: Int) -> [Float] {
    var noise = UniformNoise(seed: 7)
    return noise.next(count * architecture.input.reduce(1, *))
  }

  /// Weights of a size that keeps activations near 1.
  static func weights(_ architecture: Architecture) throws -> StateDict {
    var noise = UniformNoise(seed: 3)
    var result = StateDict()
    for spec in architecture.parameterTable {
      guard spec.dtype == .float32 else {
        try result.append(spec.name, counter())
        continue
      }
      let count = spec.shape.elementCount
      let inputs = count / max(1, spec.shape.extents.first ?? 1)
      let width = 2 / Float(max(inputs, 4)).squareRoot()
      let positive = spec.name.hasSuffix("running_var")
      let values = noise.next(count).map { positive ? 0.25 + $0 : width * ($0 - 0.5) }
      try result.append(spec.name, Tensor(floats: values, shape: spec.shape))
    }
    return result
  }
}
