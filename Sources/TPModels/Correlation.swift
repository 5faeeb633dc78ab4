internal import CTPKernels

/// A convolution of any kind made ready for float64: of groups, with dilation, with any border.
package struct Correlation: Sendable {
  private let sizes: tp_correlation
  /// Where each element of the padded input comes from, -1 for a zero; `nil` without padding.
  private let order: [Int32]?
  /// (outputs, channels of a group, depth, height, width).
  let weights: [Double]
  var bias: [Double]
  let paddedCount: Int

  /// - Precondition: `conv` has three axes.
  init(
    _ conv: Layer.Convolution, input: [Int], output: [Int], _ rows: [Float], _ bias: [Float],
    _ map: (Float) -> Double
  ) {
    let volume = input.volume
    let padded = conv.paddedExtents(volume)
    let to = output.volume
    order = conv.paddingOrder(volume)
    paddedCount = padded.reduce(1, *)
    weights = rows.map(map)
    self.bias = bias.map(map)
    sizes = tp_correlation(
      channels: conv.inputs, outputs: conv.outputs, groups: conv.groups,
      input: (padded[1], padded[2], padded[3]), kernel: triple(conv.kernel),
      stride: triple(conv.stride), dilation: triple(conv.dilation), output: (to[1], to[2], to[3]))
  }

  /// A convolution of another shape than a layer's, of an input that has its padding.
  ///
  /// - Parameters:
  ///   - input: (channels, depth, height, width) with the padding.
  ///   - output: (channels, depth, height, width).
  ///   - weights: (outputs, channels of a group, depth, height, width).
  /// - Precondition: the counts of weights and biases are those of the extents, the channels divide
  ///   into the groups, and no window reaches beyond the input.
  package init(
    padded input: [Int], output: [Int], kernel: [Int], stride: [Int], dilation: [Int], groups: Int,
    weights: [Double], bias: [Double]
  ) {
    for axis in 0..<3 {
      let last = (output[axis + 1] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis]
      precondition(last < input[axis + 1])
    }
    precondition(input[0] % groups == 0 && output[0] % groups == 0)
    precondition(weights.count == output[0] * input[0] / groups * kernel.reduce(1, *))
    order = nil
    paddedCount = input.reduce(1, *)
    self.weights = weights
    self.bias = bias
    sizes = tp_correlation(
      channels: input[0], outputs: output[0], groups: groups,
      input: (input[1], input[2], input[3]), kernel: triple(kernel), stride: triple(stride),
      dilation: triple(dilation), output: (output[1], output[2], output[3]))
  }

  /// Values with their padding.
  func pad(_ x: [Double], into padded: inout [Double]) {
    guard let order else {
      padded.replaceSubrange(0..<paddedCount, with: x[..<paddedCount])
      return
    }
    for (index, from) in order.enumerated() { padded[index] = from < 0 ? 0 : x[Int(from)] }
  }

  /// From the bias a chain over input channel, depth, height, width.
  func apply(_ variant: Int32, _ padded: [Double], _ bias: [Double], into out: inout [Double]) {
    var sizes = sizes
    let count = sizes.outputs * sizes.output.0 * sizes.output.1 * sizes.output.2
    precondition(padded.count >= paddedCount && out.count >= count && bias.count == sizes.outputs)
    unsafe tp_truth_correlate(variant, &sizes, padded, weights, bias, &out)
  }

  /// The output of values that have their padding.
  package func apply(_ padded: [Double]) -> [Double] {
    var out = [Double](
      repeating: 0, count: sizes.outputs * sizes.output.0 * sizes.output.1 * sizes.output.2)
    apply(KernelVariant.best.code, padded, bias, into: &out)
    return out
  }
}
