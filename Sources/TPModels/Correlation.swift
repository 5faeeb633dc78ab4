internal import CTPKernels

/// A convolution of any kind made ready for float64: of groups, with dilation, with any border.
struct Correlation: Sendable {
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
}
