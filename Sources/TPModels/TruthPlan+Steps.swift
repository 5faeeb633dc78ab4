internal import CTPKernels

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// Half the distance from 1 to the next float32: the largest relative error of one rounding.
private let unit = 0x1p-24

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
    case .lstm(let lstm): apply(variant, lstm)
    case .plain(.relu): value.apply(variant, .relu, count)
    case .plain(.averagePool(let pool)):
      // The average's own rounding is taken as that of its last step, u |t|: right where no terms
      // cancel, as after a ReLU.
      value.apply(variant, .averagePool(pool), count)
      TruthKernels.averagePool(variant, pool, again: true, noise.current, into: &noise.next)
      swap(&noise.current, &noise.next)
      unsafe tp_truth_add_rounding(variant, outputs, unit, value.current, &noise.current)
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

  /// First order through c = f c + i g and h = o tanh(c); each product, sum and function adds its
  /// own rounding.
  private mutating func apply(_ variant: Int32, _ lstm: Triple<Recurrence>) {
    let hidden = lstm.value.hidden
    let zeros = [Double](repeating: 0, count: lstm.value.bias.count)
    var c = [Double](repeating: 0, count: hidden)
    var h = c
    var cVariance = c
    var hVariance = c
    for step in 0..<lstm.value.steps {
      var gates = lstm.value.bias
      var sizes = lstm.magnitude.bias
      var variances = zeros
      let inputs = lstm.value.fromInput.inputs
      let magnitudes = value.current[step * inputs..<(step + 1) * inputs].map { abs($0) }
      lstm.value.fromInput.accumulate(variant, value.current, row: step, into: &gates)
      lstm.value.fromHidden.accumulate(variant, h, row: 0, into: &gates)
      lstm.magnitude.fromInput.accumulate(variant, magnitudes, row: 0, into: &sizes)
      lstm.magnitude.fromHidden.accumulate(variant, h.map { abs($0) }, row: 0, into: &sizes)
      lstm.variance.fromInput.accumulate(variant, noise.current, row: step, into: &variances)
      lstm.variance.fromHidden.accumulate(variant, hVariance, row: 0, into: &variances)
      for unitIndex in 0..<hidden {
        func gate(_ number: Int, _ function: (Double) -> Noisy) -> Noisy {
          let index = number * hidden + unitIndex
          let own = 0.5 * unit * sizes[index]
          return function(gates[index]).after(variances[index] + own * own)
        }
        let i = gate(0, Noisy.sigmoid)
        let f = gate(1, Noisy.sigmoid)
        let g = gate(2, Noisy.tanh)
        let o = gate(3, Noisy.sigmoid)
        let kept = f.times(Noisy(c[unitIndex], variance: cVariance[unitIndex]))
        let added = i.times(g)
        let cell = Noisy(kept.value + added.value, variance: kept.variance + added.variance)
        let output = o.times(Noisy.tanh(cell.value).after(cell.variance))
        c[unitIndex] = cell.value
        cVariance[unitIndex] = cell.variance
        h[unitIndex] = output.value
        hVariance[unitIndex] = output.variance
      }
      value.next.replaceSubrange(step * hidden..<(step + 1) * hidden, with: h)
      noise.next.replaceSubrange(step * hidden..<(step + 1) * hidden, with: hVariance)
    }
    swap(&value.current, &value.next)
    swap(&noise.current, &noise.next)
  }
}

/// A number and the variance of its rounding noise; for a function, also its derivative.
private struct Noisy {
  let value: Double
  var variance: Double = 0
  var derivative: Double = 0

  init(_ value: Double, variance: Double = 0, derivative: Double = 0) {
    self.value = value
    self.variance = variance
    self.derivative = derivative
  }

  static func sigmoid(_ x: Double) -> Noisy {
    let value = 1 / (1 + exp(-x))
    return Noisy(value, derivative: value * (1 - value))
  }

  static func tanh(_ x: Double) -> Noisy {
    #if canImport(Glibc)
      let value = Glibc.tanh(x)
    #elseif canImport(Musl)
      let value = Musl.tanh(x)
    #else
      let value = Darwin.tanh(x)
    #endif
    return Noisy(value, derivative: 1 - value * value)
  }

  /// The noise of a function's result: that of its argument times the derivative, and one rounding.
  func after(_ input: Double) -> Noisy {
    let own = unit * value
    return Noisy(value, variance: derivative * derivative * input + own * own)
  }

  /// A product, with one rounding.
  func times(_ other: Noisy) -> Noisy {
    let product = value * other.value
    let own = unit * product
    return Noisy(
      product,
      variance: value * value * other.variance + other.value * other.value * variance + own * own)
  }
}
