import TPBytes
import TPCheckpoints
import TPConversion
import TPTensors
import TestSupport
import Testing

/// Files that were made from files which are rounded already: what a second conversion makes in float32
/// is held against the first as it is.
@Suite struct SourceProofTests {
  enum Step: Sendable, CaseIterable {
    case folded, keras, foldedKeras

    var options: ConversionOptions {
      var options = ConversionOptions()
      options.foldsBatchNorm = self != .keras
      if self != .folded { options.layout = .keras }
      return options
    }
  }

  private func write(
    _ source: String, _ options: ConversionOptions, _ format: WeightFormat, _ name: String
  ) throws -> String {
    let path = try temporaryPath(name)
    let plan = try ConversionPlan(
      try CheckpointFile.open(path: source), sourceName: "source", options: options)
    _ = try plan.write(to: path, format: format, replacing: false)
    return path
  }

  @Test(arguments: [DType.float64, .float32, .float16, .bfloat16], Step.allCases)
  func holds(dtype: DType, step: Step) throws {
    var rounding = ConversionOptions()
    rounding.precision = .type(dtype)
    let source = try write(
      fixture("run/best_lightweight_model.pth"), rounding, .torch, "source.pth")
    let options = step.options
    let isKeras = options.layout == .keras
    let file = try write(
      source, options, isKeras ? .hdf5 : .safetensors,
      isKeras ? "file.weights.h5" : "file.safetensors")
    let proof = try FileProof(path: file, source: source)
    #expect(proof.verdict == .holds, "\(proof.reason)")
  }

  /// What is folded from int8 numbers, or is float16 now, is not made int8 again.
  @Test(
    arguments: [
      (.int8, .float16, false), (.int8, .bfloat16, true), (.int8, .int8, true), (.int8, nil, true),
      (.float16, .int8, true), (.float16, .float64, true),
    ] as [(DType, DType?, Bool)])
  func holdsForWhatIsRoundedTwice(first: DType, second: DType?, isFolded: Bool) throws {
    var options = ConversionOptions()
    options.precision = .type(first)
    let source = try write(
      fixture("run/best_lightweight_model.pth"), options, .safetensors, "source.safetensors")
    options.precision = second.map { .type($0) } ?? .kept
    options.foldsBatchNorm = isFolded
    let file = try write(source, options, .safetensors, "file.safetensors")
    let proof = try FileProof(path: file, source: source)
    #expect(proof.verdict == .holds, "\(proof.reason)")
  }

  /// The sum of two float64 biases is float32, and the file says so.
  @Test func summedBiasesOfFloat64AreStatedAsFloat32() throws {
    var rounding = ConversionOptions()
    rounding.precision = .type(.float64)
    let source = try write(
      fixture("run/best_lightweight_model.pth"), rounding, .torch, "source.pth")
    let plan = try ConversionPlan(
      try CheckpointFile.open(path: source), sourceName: "source", options: Step.keras.options)
    #expect(plan.precision.type(of: "lstm.bias_ih_l0") == .float32)
    #expect(plan.precision.type(of: "lstm.bias_hh_l0") == .float32)
    #expect(plan.precision.type(of: "lstm.weight_ih_l0") == .float64)
  }
}
