internal import CTPKernels

/// The float64 kernels. Arrays are checked here, before C sees them; they may be longer than needed,
/// because they are reused.
enum TruthKernels {
  static func pad(
    _ variant: Int32, _ sizes: tp_conv3d, _ x: [Double], into padded: inout [Double]
  ) {
    precondition(x.count >= sizes.inputCount && padded.count >= sizes.paddedCount)
    var sizes = sizes
    unsafe tp_truth_pad(variant, &sizes, x, &padded)
  }

  static func convolve(
    _ variant: Int32, _ sizes: tp_conv3d, _ padded: [Double], _ weights: [Double], _ bias: [Double],
    into out: inout [Double]
  ) {
    precondition(padded.count >= sizes.paddedCount && out.count >= sizes.outputCount)
    var sizes = sizes
    unsafe tp_truth_conv(variant, &sizes, padded, weights, bias, &out)
  }

  static func accumulate(
    _ variant: Int32, _ matrix: PackedMatrix, _ x: UnsafePointer<Double>,
    into sums: inout [Double]
  ) {
    precondition(sums.count >= matrix.paddedOutputs)
    unsafe tp_truth_linear(
      variant, matrix.inputs, matrix.paddedOutputs, x, matrix.weights, &sums)
  }

  static func scale(
    _ variant: Int32, channels: Int, count: Int, _ scale: [Double], _ shift: [Double],
    _ x: inout [Double]
  ) {
    precondition(scale.count == channels && shift.count == channels && x.count >= channels * count)
    unsafe tp_truth_scale_shift(variant, channels, count, scale, shift, &x)
  }

  static func relu(_ variant: Int32, count: Int, _ x: inout [Double]) {
    precondition(x.count >= count)
    unsafe tp_truth_relu(variant, count, &x)
  }

  static func maxPool(_ variant: Int32, _ pool: Pooling, _ x: [Double], into out: inout [Double]) {
    precondition(x.count >= pool.inputCount && out.count >= pool.outputCount)
    unsafe tp_truth_max_pool(
      variant, pool.channels, pool.input, pool.kernel, pool.stride, pool.output, x, &out)
  }

  /// A pooling of each channel; `function` says what is made of a window.
  static func pool(
    _ variant: Int32, _ windows: PoolWindows, _ function: Int, _ x: [Double],
    into out: inout [Double]
  ) {
    precondition(x.count >= windows.inputCount && out.count >= windows.outputCount)
    var sizes = tp_pooling(
      input: triple(windows.input), output: triple(windows.output),
      dilation: triple(windows.dilation), divisor: windows.divisor, function: Int32(function))
    unsafe tp_truth_pool(variant, windows.channels, &sizes, windows.table, x, &out)
  }
}

/// The sizes of a pooling whose windows lie whole in the input; depth, height, width.
struct Pooling: Sendable {
  var channels: Int
  var input: [Int]
  var kernel: [Int] = [1, 1, 1]
  var stride: [Int] = [1, 1, 1]
  var output: [Int]

  var inputCount: Int { channels * input.reduce(1, *) }
  var outputCount: Int { channels * output.reduce(1, *) }
}

extension tp_conv3d {
  var inputCount: Int { in_channels * input.0 * input.1 * input.2 }
  var outputCount: Int { out_channels * output.0 * output.1 * output.2 }
  var paddedCount: Int {
    in_channels * (input.0 + 2 * padding.0) * (input.1 + 2 * padding.1) * stride.2 * phase
  }
}
