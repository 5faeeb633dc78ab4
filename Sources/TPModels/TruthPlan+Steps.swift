internal import CTPKernels

// The formulas are those of the verdict in docs: rounding errors are independent and centred, so
// their variances add (Higham and Mary).
extension TruthPlan {
  /// Runs a layer whose input has `count` elements.
  mutating func apply(_ variant: Int32, _ step: Step, count: Int, outputs: Int) {
    switch step {
    case .convolution(let conv):
      apply(variant, conv)
      unsafe tp_truth_add_rounding(variant, outputs, 0.5 * unit, magnitude, &noise.current)
    case .batchNorm(let channels, let each, let scale, let shift, let mean):
      unsafe tp_truth_batch_norm_variance(
        variant, channels, each, unit, scale, mean, shift, value.current, &noise.current)
      TruthKernels.scale(variant, channels: channels, count: each, scale, shift, &value.current)
    case .linear(let matrices, let bias, let size, let rows, let outputs):
      for row in 0..<rows { apply(variant, matrices, bias, size, row: row, outputs: outputs) }
      swap(&value.current, &value.next)
      swap(&noise.current, &noise.next)
    case .recurrent(let layers): apply(variant, layers)
    case .correlation(let conv):
      apply(variant, conv)
      unsafe tp_truth_add_rounding(variant, outputs, 0.5 * unit, magnitude, &noise.current)
    case .layerNorm(let epsilon, let scale, let shift):
      normalise(count: count, epsilon, scale, shift)
    case .softmax(let width, let inner, let logarithm):
      softmax(count: count, width: width, inner: inner, logarithm: logarithm)
    case .pointwise(let kind): apply(kind, count: count)
    case .pool(let windows, isMaximum: true):
      value.pool(variant, windows, TP_LARGEST)
      noise.pool(variant, windows, TP_LARGEST)
      return
    case .pool(let windows, isMaximum: false):
      // One rounding of the largest partial sum for a few elements, which a chain of more exceeds by
      // the root of their number.
      TruthKernels.pool(variant, windows, TP_MEAN_ROUNDING, value.current, into: &magnitude)
      value.pool(variant, windows, TP_MEAN)
      noise.pool(variant, windows, TP_MEAN_VARIANCE)
      unsafe tp_truth_add_rounding(variant, outputs, unit, magnitude, &noise.current)
    case .plain(.relu): value.apply(variant, .relu, count)
    case .plain(let step):
      value.apply(variant, step, count)
      noise.apply(variant, step, count)
      return
    }
    isExact = false
  }

  /// Adds the variance of a batch norm that was folded into the layer that just ran: what it would
  /// have rounded, with the layer's own output times a being the value less the shift.
  mutating func apply(_ folded: FoldedNoise, outputs: Int) {
    let channels = folded.shift.count
    guard channels > 0 else { return }
    let each = outputs / channels
    for channel in 0..<channels {
      let shift = Double(folded.shift[channel])
      let mean = Double(folded.mean[channel])
      let fixed = mean * mean + shift * shift
      for index in channel * each..<(channel + 1) * each {
        let own = value.current[index] - shift
        noise.current[index] += unit * unit * (own * own + fixed)
      }
    }
  }

  private mutating func apply(
    _ variant: Int32, _ conv: Triple<PackedConvolution>
  ) {
    let sizes = conv.value.sizes
    precondition(magnitude.count >= sizes.outputCount && noise.padded.count >= sizes.paddedCount)
    conv.value.apply(variant, value.current, padded: &value.padded, into: &value.next)
    unsafe tp_truth_magnitude(variant, sizes.paddedCount, value.padded, &noise.padded)
    TruthKernels.convolve(
      variant, sizes, noise.padded, conv.magnitude.weights, conv.magnitude.bias, into: &magnitude)
    // Of exact inputs the variance stays 0; a third of the work of the first layer.
    if isExact {
      unsafe noise.next.withUnsafeMutableBufferPointer { unsafe $0.update(repeating: 0) }
    } else {
      let zeros = [Double](repeating: 0, count: conv.variance.bias.count)
      TruthKernels.pad(variant, sizes, noise.current, into: &noise.padded)
      TruthKernels.convolve(
        variant, sizes, noise.padded, conv.variance.weights, zeros, into: &noise.next)
    }
    swap(&value.current, &value.next)
    swap(&noise.current, &noise.next)
  }

  private mutating func apply(
    _ variant: Int32, _ matrices: Triple<PackedMatrix>, _ bias: [Double],
    _ size: [Double], row: Int, outputs: Int
  ) {
    let inputs = matrices.value.inputs
    var sums = bias
    matrices.value.accumulate(variant, value.current, row: row, into: &sums)
    var sizes = size
    let magnitudes = value.current[row * inputs..<(row + 1) * inputs].map { abs($0) }
    matrices.magnitude.accumulate(variant, magnitudes, row: 0, into: &sizes)
    var variances = [Double](repeating: 0, count: bias.count)
    matrices.variance.accumulate(variant, noise.current, row: row, into: &variances)
    for output in 0..<outputs {
      let own = 0.5 * unit * sizes[output]
      value.next[row * outputs + output] = sums[output]
      noise.next[row * outputs + output] = variances[output] + own * own
    }
  }

  private mutating func apply(_ variant: Int32, _ conv: Triple<Correlation>) {
    let zeros = [Double](repeating: 0, count: conv.value.bias.count)
    conv.value.pad(value.current, into: &value.padded)
    conv.value.apply(variant, value.padded, conv.value.bias, into: &value.next)
    unsafe tp_truth_magnitude(variant, conv.value.paddedCount, value.padded, &noise.padded)
    conv.magnitude.apply(variant, noise.padded, conv.magnitude.bias, into: &magnitude)
    conv.value.pad(noise.current, into: &noise.padded)
    conv.variance.apply(variant, noise.padded, zeros, into: &noise.next)
    swap(&value.current, &value.next)
    swap(&noise.current, &noise.next)
  }
}
