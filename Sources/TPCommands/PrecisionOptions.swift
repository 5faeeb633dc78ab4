internal import ArgumentParser
internal import TPBytes
internal import TPConversion
internal import TPTensors

/// What `convert` does to numbers: `--dtype`, `--fold-batch-norm`.
struct PrecisionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Store floating-point tensors as float16, bfloat16, float32, float64 or int8.",
      discussion: """
        Rounded to nearest, ties to even. int8 has a scale for each output channel and is for weight \
        matrices and kernels; norms and biases are float32 then. The report tells what was lost.
        """,
      valueName: "type"),
    completion: .list(ConversionOptions.PrecisionChoice.types.map(\.rawValue)))
  var dtype: String?

  @Flag(
    help: ArgumentHelp(
      "Store each tensor in the smallest type with which every prediction stays certified.",
      discussion: "On the clips of the golden that --verify names; instead of --dtype."))
  var precisionBudget = false

  @Flag(help: "Take batch norms into the convolutions and linear layers before them.")
  var foldBatchNorm = false

  /// Holds the options against each other.
  func validate(hasGolden: Bool) throws {
    if precisionBudget, !hasGolden {
      throw ValidationError("--precision-budget needs the clips of a golden: give --verify GOLDEN")
    }
    if precisionBudget, dtype != nil {
      throw ValidationError("--precision-budget chooses the types itself: leave out --dtype")
    }
  }

  /// Adds the golden whose predictions must stay certified, where that was asked for.
  func apply(golden: VerifyingGolden?, to options: inout ConversionOptions) {
    if precisionBudget, let golden { options.precision = .budget(golden) }
  }

  /// Adds what was asked for.
  func apply(to options: inout ConversionOptions) throws(PortError) {
    options.foldsBatchNorm = foldBatchNorm
    guard let dtype else { return }
    let types = ConversionOptions.PrecisionChoice.types
    guard let type = types.first(where: { $0.rawValue == dtype }) else {
      throw wrongWord(dtype, for: "--dtype", types.map(\.rawValue))
    }
    options.precision = .type(type)
  }
}
