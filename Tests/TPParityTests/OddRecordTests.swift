import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

/// Goldens whose records do not fit together as those of one recorder do.
@Suite struct OddRecordTests {
  private static func numbers(_ extents: [Int], times scale: Float = 1) -> Tensor {
    let shape = Shape(known: extents)
    return Tensor(
      floats: (0..<shape.elementCount).map { scale * (Float(($0 * 37 + 11) % 64) / 97 - 0.3) },
      shape: shape)
  }

  private static func report(
    _ input: [Int], _ layers: [Layer], recording records: [(String, Tensor)]
  ) throws -> ParityReport {
    let architecture = try Architecture(name: "Odd", input: input, layers: layers)
    let tensors = architecture.parameterTable.map { spec in
      // The first layer gives zeros, whatever it is given.
      let scale: Float = spec.name.hasPrefix("fc1.") ? 0 : 1
      return TensorRecord(path: [spec.name], tensor: numbers(spec.shape.extents, times: scale))
    }
    let model = try LoadedModel(
      Checkpoint(container: .npz, tensors: tensors), architecture: architecture)
    let golden = try GoldenTests.golden([("input", numbers([2] + input))] + records)
    return try Parity.verify(weights: model, golden: golden)
  }

  /// ReLU of a sample gives that sample, of which less was recorded, or another shape.
  @Test(arguments: [true, false]) func otherElementsThanBefore(areSampled: Bool) throws {
    let sample = try [
      ("fc1", Self.numbers([6], times: 0)),
      ("fc1.indices", GoldenTests.integers([0, 1, 2, 6, 7, 8])),
    ]
    let positions = try GoldenTests.integers([0, 2, 3, 6, 8])
    let others =
      areSampled
      ? [("act", Self.numbers([5])), ("act.indices", positions)] : [("act", Self.numbers([2, 2]))]
    let report = try Self.report(
      [4],
      [
        Layer("fc1", .linear(.init(4, 6))), Layer("act", .relu), Layer("fc2", .linear(.init(6, 3))),
      ], recording: sample + others)
    #expect(report.verdict == .broken)
    #expect(report.diagnosis.map(\.layer) == ["act"])
  }

  /// The last hidden state in place of the sequence, with the clips first; or fewer steps.
  @Test(arguments: [[4], [1, 4], [2, 4], [6, 4], [5, 2]]) func aSequenceOfAnotherShape(
    shape: [Int]
  ) throws {
    let report = try Self.report(
      [5, 3],
      [
        Layer("rnn", .recurrent(.init(.lstm, 3, hidden: 4))), Layer(.lastStep),
        Layer("fc2", .linear(.init(4, 2))),
      ], recording: [("rnn", Self.numbers([2] + shape))])
    #expect(report.verdict == .broken)
    #expect(report.diagnosis.map(\.layer) == ["rnn"])
  }

  /// As many values as a fit has unknowns are met by any line, or by one line for each clip.
  @Test(arguments: [1, 2]) func tooFewValuesForALine(outputs: Int) throws {
    let report = try Self.report(
      [4], [Layer("fc2", .linear(.init(4, outputs)))],
      recording: [("fc2", Self.numbers([2, outputs]))])
    #expect(report.verdict == .broken)
    #expect(
      !report.diagnosis.contains { $0.fault == .inputStandardised || $0.fault == .inputScale },
      "\(report.diagnosis)")
  }

  /// Each channel has weights of its own: what is reversed is the input, not what a kernel sees.
  @Test func reversedChannelsOfAConvolutionInGroups() throws {
    let architecture = try Architecture(
      name: "Grouped", input: [4, 9],
      layers: [
        Layer("conv", .convolution(.init(4, 4, kernel: [3], groups: 4))),
        Layer(.flatten(from: 1)), Layer("fc", .linear(.init(28, 3))),
      ])
    let tensors = architecture.parameterTable.map { spec in
      TensorRecord(path: [spec.name], tensor: Self.numbers(spec.shape.extents))
    }
    let model = try LoadedModel(
      Checkpoint(container: .npz, tensors: tensors), architecture: architecture)
    let channels = (0..<8).map { channel in
      (0..<9).map { Float((channel * 31 + $0 * 17) % 53) / 53 }
    }
    let reversed = [3, 2, 1, 0, 7, 6, 5, 4].flatMap { channels[$0] }
    let run = try model.network.run(reversed, batch: 2, recording: ["conv"])
    let recorded = try #require(run.activations.first)
    let golden = try GoldenTests.golden([
      ("input", GoldenTests.floats(channels.flatMap { $0 }, [2, 4, 9])),
      ("conv", GoldenTests.floats(recorded.values, recorded.shape)),
    ])
    let report = try Parity.verify(weights: model, golden: golden)
    #expect(report.diagnosis.map(\.fault) == [.inputChannels], "\(report.diagnosis)")
  }
}
