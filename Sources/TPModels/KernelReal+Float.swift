internal import CTPKernels

extension Float: KernelReal {
  static var linearBlock: Int { Int(TP_LINEAR_BLOCK_F32) }

  static func pad(_ sizes: tp_conv3d, _ x: [Float], into padded: inout [Float]) {
    precondition(x.count >= sizes.inputCount && padded.count >= sizes.paddedCount)
    var sizes = sizes
    unsafe tp_pad_f32(&sizes, x, &padded)
  }

  static func convolve(
    _ variant: Int32, _ sizes: tp_conv3d, _ padded: [Float], _ weights: [Float], _ bias: [Float],
    into out: inout [Float]
  ) {
    precondition(padded.count >= sizes.paddedCount && out.count >= sizes.outputCount)
    var sizes = sizes
    unsafe tp_conv3d_f32(variant, &sizes, padded, weights, bias, &out)
  }

  static func accumulate(
    _ variant: Int32, _ matrix: PackedMatrix<Float>, _ x: UnsafePointer<Float>,
    into sums: inout [Float]
  ) {
    precondition(sums.count >= matrix.paddedOutputs)
    unsafe tp_linear_f32(
      variant, matrix.inputs, matrix.paddedOutputs, x, matrix.weights, &sums)
  }

  static func scale(
    _ variant: Int32, channels: Int, count: Int, _ scale: [Float], _ shift: [Float],
    _ x: inout [Float]
  ) {
    precondition(scale.count == channels && shift.count == channels && x.count >= channels * count)
    unsafe tp_scale_shift_f32(variant, channels, count, scale, shift, &x)
  }

  static func relu(_ variant: Int32, count: Int, _ x: inout [Float]) {
    precondition(x.count >= count)
    unsafe tp_relu_f32(variant, count, &x)
  }

  static func maxPool(_ variant: Int32, _ pool: Pooling, _ x: [Float], into out: inout [Float]) {
    precondition(x.count >= pool.inputCount && out.count >= pool.outputCount)
    unsafe tp_max_pool3d_f32(
      variant, pool.channels, pool.input, pool.kernel, pool.stride, pool.output, x, &out)
  }

  static func averagePool(_ pool: Pooling, again: Bool, _ x: [Float], into out: inout [Float]) {
    precondition(x.count >= pool.inputCount && out.count >= pool.outputCount)
    unsafe tp_average_pool3d_f32(pool.channels, pool.input, pool.output, again ? 1 : 0, x, &out)
  }
}
