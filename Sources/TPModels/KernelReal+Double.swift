internal import CTPKernels

extension Double: KernelReal {
  static var linearBlock: Int { Int(TP_LINEAR_BLOCK_F64) }

  static func pad(_ sizes: tp_conv3d, _ x: [Double], into padded: inout [Double]) {
    precondition(x.count >= sizes.inputCount && padded.count >= sizes.paddedCount)
    var sizes = sizes
    unsafe tp_pad_f64(&sizes, x, &padded)
  }

  static func convolve(
    _ variant: Int32, _ sizes: tp_conv3d, _ padded: [Double], _ weights: [Double], _ bias: [Double],
    into out: inout [Double]
  ) {
    precondition(padded.count >= sizes.paddedCount && out.count >= sizes.outputCount)
    var sizes = sizes
    unsafe tp_conv3d_f64(variant, &sizes, padded, weights, bias, &out)
  }

  static func accumulate(
    _ variant: Int32, _ matrix: PackedMatrix<Double>, _ x: UnsafePointer<Double>,
    into sums: inout [Double]
  ) {
    precondition(sums.count >= matrix.paddedOutputs)
    unsafe tp_linear_f64(
      variant, matrix.inputs, matrix.paddedOutputs, x, matrix.weights, &sums)
  }

  static func scale(
    _ variant: Int32, channels: Int, count: Int, _ scale: [Double], _ shift: [Double],
    _ x: inout [Double]
  ) {
    precondition(scale.count == channels && shift.count == channels && x.count >= channels * count)
    unsafe tp_scale_shift_f64(variant, channels, count, scale, shift, &x)
  }

  static func relu(_ variant: Int32, count: Int, _ x: inout [Double]) {
    precondition(x.count >= count)
    unsafe tp_relu_f64(variant, count, &x)
  }

  static func maxPool(_ variant: Int32, _ pool: Pooling, _ x: [Double], into out: inout [Double]) {
    precondition(x.count >= pool.inputCount && out.count >= pool.outputCount)
    unsafe tp_max_pool3d_f64(
      variant, pool.channels, pool.input, pool.kernel, pool.stride, pool.output, x, &out)
  }

  static func averagePool(_ pool: Pooling, again: Bool, _ x: [Double], into out: inout [Double]) {
    precondition(x.count >= pool.inputCount && out.count >= pool.outputCount)
    unsafe tp_average_pool3d_f64(pool.channels, pool.input, pool.output, again ? 1 : 0, x, &out)
  }
}
