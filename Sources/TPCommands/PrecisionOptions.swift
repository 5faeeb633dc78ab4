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
      valueName: "type"))
  var dtype: String?

  @Flag(help: "Take batch norms into the convolutions and linear layers before them.")
  var foldBatchNorm = false

  /// Adds what was asked for.
  func apply(to options: inout ConversionOptions) throws(PortError) {
    options.foldsBatchNorm = foldBatchNorm
    guard let dtype else { return }
    let types = ConversionOptions.PrecisionChoice.types
    guard let type = types.first(where: { $0.rawValue == dtype }) else {
      throw PortError(
        .usage, "nothing is stored as \(printable(dtype, limit: 20))",
        remedy: "choose " + types.map(\.rawValue).joined(separator: ", "))
    }
    options.precision = .type(type)
  }
}
