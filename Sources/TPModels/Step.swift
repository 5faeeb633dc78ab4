internal import CTPKernels

/// A layer without parameters, made ready to run on values and on variances.
enum Step: Sendable {
  case relu
  case maxPool(Pooling)
  /// out[i] = in[order[i]]; 0 where the order is negative.
  case reorder([Int32])
  case nothing
  /// The last `count` elements.
  case last(count: Int)
}

extension Layer {
  /// The entry of this layer under a suffix, for example `weight`.
  func values(_ suffix: String, _ weights: BoundWeights) -> [Float] {
    weights[key(suffix)]
  }

  /// The bias, of zeros where there is none.
  func bias(_ count: Int, _ weights: BoundWeights) -> [Float] {
    let bias = values("bias", weights)
    return bias.isEmpty ? Array(repeating: 0, count: count) : bias
  }

  /// The weight, of ones where there is none.
  func scale(_ count: Int, _ weights: BoundWeights) -> [Float] {
    let scale = values("weight", weights)
    return scale.isEmpty ? Array(repeating: 1, count: count) : scale
  }

  /// The scale and shift of a batch norm, in float64: gamma / sqrt(var + eps), beta - mean * scale.
  func scaleAndShift(
    _ norm: BatchNorm, _ weights: BoundWeights
  ) -> (scale: [Double], shift: [Double], mean: [Double]) {
    let gamma = scale(norm.features, weights)
    let beta = bias(norm.features, weights)
    let mean = values("running_mean", weights).map { Double($0) }
    let variance = values("running_var", weights)
    let scale = gamma.indices.map {
      Double(gamma[$0]) / (Double(variance[$0]) + norm.epsilon).squareRoot()
    }
    let shift = beta.indices.map { Double(beta[$0]) - mean[$0] * scale[$0] }
    return (scale, shift, mean)
  }

  /// Where each element of a permuted output comes from.
  static func order(_ axes: [Int], input: [Int]) -> [Int32] {
    var strides = Array(repeating: 1, count: input.count)
    for axis in input.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * input[axis + 1]
    }
    let moved = axes.dropFirst().map { (extent: input[$0 - 1], stride: strides[$0 - 1]) }
    var order: [Int32] = [0]
    for (extent, stride) in moved {
      order = order.flatMap { base in (0..<extent).map { base + Int32($0 * stride) } }
    }
    return order
  }

  /// This layer, which only moves or compares numbers, for an input and output of these extents;
  /// `nil` for one that computes others.
  func step(input: [Int], output: [Int]) -> Step? {
    switch kind {
    case .relu: return .relu
    case .maxPool(let pool) where pool.isPlain:
      return .maxPool(
        Pooling(
          channels: input[0], input: Array(input.volume[1...]),
          kernel: pool.kernel.inVolume(1), stride: pool.stride.inVolume(1),
          output: Array(output.volume[1...])))
    case .permute(let axes): return .reorder(Layer.order(axes, input: input))
    case .flatten, .reshape, .dropout: return .nothing
    case .lastStep: return .last(count: output.reduce(1, *))
    default: return nil
    }
  }
}
