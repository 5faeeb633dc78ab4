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
      floats: (0..<shape.elementCount).map { (place: Int) -> Float in
        let number = Float((place * 37 + 11) % 64)
        return scale * (number / 97 - 0.3)
      }, shape: shape)
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

  /// Of a long sequence not every step is tried.
  @Test(arguments: [0, 31, 167, 198]) func anotherStepOfALongSequence(step: Int) throws {
    func model(_ steps: Int) throws -> LoadedModel {
      let architecture = try Architecture(
        name: "Long", input: [steps, 2],
        layers: [Layer(.lastStep), Layer("fc", .linear(.init(2, 3)))])
      let tensors = architecture.parameterTable.map { spec in
        TensorRecord(path: [spec.name], tensor: Self.numbers(spec.shape.extents))
      }
      return try LoadedModel(
        Checkpoint(container: .npz, tensors: tensors), architecture: architecture)
    }
    let input = (0..<400).map { (place: Int) -> Float in
      let number = place * (7 * place + 31) % 1009
      return Float(number) / 1009
    }
    let golden = try GoldenTests.golden([
      ("input", GoldenTests.floats(input, [1, 200, 2])),
      (
        "fc",
        GoldenTests.floats(
          try model(step + 1).network.run(Array(input[..<(2 * step + 2)]), batch: 1).logits, [1, 3])
      ),
    ])
    let diagnosis = try #require(
      try Parity.verify(weights: try model(200), golden: golden).diagnosis.first)
    #expect(diagnosis.fault == .timeStep)
    let name = step == 0 ? "the first step" : "step \(step)"
    #expect(diagnosis.cause == "the golden takes \(name), not the last")
    let tried = ["84", "85"].map { "the next best of \($0) hypotheses" }
    #expect(tried.contains { diagnosis.sentence.contains($0) }, "\(diagnosis.sentence)")
  }
}
