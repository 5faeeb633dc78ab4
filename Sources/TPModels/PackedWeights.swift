internal import CTPKernels
internal import TPBytes

/// A matrix in the order in which the kernel reads it: [block of outputs][input][output of block].
struct PackedMatrix: Sendable {
  let inputs: Int
  /// Outputs rounded up to whole blocks; those beyond the real ones have weights of 0.
  let paddedOutputs: Int
  let weights: [Double]

  /// Packs `outputs` rows of `inputs` columns, each weight through `map`.
  init(_ rows: [Float], outputs: Int, inputs: Int, _ map: (Float) -> Double) {
    precondition(rows.count == outputs * inputs)
    let block = Int(TP_LINEAR_BLOCK)
    let padded = (outputs + block - 1) / block * block
    var packed = [Double](repeating: 0, count: padded * inputs)
    for output in 0..<outputs {
      let base = output / block * block * inputs + output % block
      for input in 0..<inputs { packed[base + input * block] = map(rows[output * inputs + input]) }
    }
    self.inputs = inputs
    paddedOutputs = padded
    weights = packed
  }

  /// sums[o] = fma(x[i], w[o][i], sums[o]) for one row of x, over i in order.
  func accumulate(
    _ variant: Int32, _ x: [Double], row: Int, into sums: inout [Double]
  ) {
    precondition(row >= 0 && x.count >= (row + 1) * inputs)
    unsafe x.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      unsafe TruthKernels.accumulate(variant, self, base + row * inputs, into: &sums)
    }
  }

  /// A bias with zeros for the outputs that round up the last block.
  func padded(_ bias: [Double]) -> [Double] {
    bias + [Double](repeating: 0, count: paddedOutputs - bias.count)
  }
}

/// A convolution in the order in which the kernel reads it: [block of channels][input channel]
/// [depth][height][width][channel of block].
struct PackedConvolution: Sendable {
  let sizes: tp_conv3d
  let weights: [Double]
  let bias: [Double]

  /// Packs weights of [output][input][depth][height][width], each through `map`.
  init(sizes: tp_conv3d, _ rows: [Float], _ bias: [Float], _ map: (Float) -> Double) {
    let taps = sizes.in_channels * sizes.kernel.0 * sizes.kernel.1 * sizes.kernel.2
    precondition(rows.count == sizes.out_channels * taps && bias.count == sizes.out_channels)
    let block = Int(TP_CHANNEL_BLOCK)
    let padded = (sizes.out_channels + block - 1) / block * block
    var packed = [Double](repeating: 0, count: padded * taps)
    for output in 0..<sizes.out_channels {
      let base = output / block * block * taps + output % block
      for tap in 0..<taps { packed[base + tap * block] = map(rows[output * taps + tap]) }
    }
    self.sizes = sizes
    weights = packed
    self.bias =
      bias.map(map) + [Double](repeating: 0, count: padded - sizes.out_channels)
  }

  /// Bias, then a chain of fused multiply-adds over input channel, kernel depth, height, width.
  /// Padded positions take part as zeros: they change no finite value, but turn -0.0 into 0.0, and
  /// make NaN of an infinite weight, as PyTorch does.
  func apply(_ variant: Int32, _ x: [Double], padded: inout [Double], into out: inout [Double]) {
    TruthKernels.pad(variant, sizes, x, into: &padded)
    TruthKernels.convolve(variant, sizes, padded, weights, bias, into: &out)
  }
}

extension Layer.Convolution {
  /// The sizes for an input of (channels, depth, height, width) and its output.
  ///
  /// - Precondition: the shapes have been checked by `Layer.outputShape`, and there are three axes.
  func sizes(input: [Int], output: [Int]) -> tp_conv3d {
    let block = Int(TP_COLUMN_BLOCK)
    // Every tap reads whole vectors: (kernel - 1) / stride columns past the last whole vector.
    let reach = (output[3] + block - 1) / block * block + (kernel[2] - 1) / stride[2]
    let columns = (input[3] + 2 * padding[2] + stride[2] - 1) / stride[2]
    return tp_conv3d(
      in_channels: inputs, out_channels: outputs, input: (input[1], input[2], input[3]),
      kernel: (kernel[0], kernel[1], kernel[2]), stride: (stride[0], stride[1], stride[2]),
      padding: (padding[0], padding[1], padding[2]), output: (output[1], output[2], output[3]),
      phase: max(reach, columns))
  }
}
