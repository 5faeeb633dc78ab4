internal import CTPKernels

/// A layer without parameters, made ready to run on values and on variances.
enum Step: Sendable {
  case relu
  case maxPool(Pooling)
  case averagePool(Pooling)
  /// out[i] = in[order[i]].
  case reorder([Int32])
  case nothing
  /// The last `count` elements.
  case last(count: Int)
}

/// An LSTM made ready to run.
struct Recurrence: Sendable {
  let steps: Int
  let hidden: Int
  let fromInput: PackedMatrix
  let fromHidden: PackedMatrix
  /// bias_ih + bias_hh.
  let bias: [Double]
}

extension Layer {
  /// The entry of this layer under a suffix, for example `weight`.
  func values(_ suffix: String, _ weights: BoundWeights) -> [Float] {
    weights[key(suffix)]
  }

  /// The sizes of a pooling layer for its input and output.
  func pooling(input: [Int], output: [Int]) -> Pooling {
    var pool = Pooling(channels: input[0], input: Array(input[1...]), output: Array(output[1...]))
    if case .maxPool3d(let sizes) = kind {
      pool.kernel = sizes.kernel
      pool.stride = sizes.stride
    }
    return pool
  }

  /// The scale and shift of a batch norm, in float64: gamma / sqrt(var + eps), beta - mean * scale.
  func scaleAndShift(
    _ norm: BatchNorm, _ weights: BoundWeights
  ) -> (scale: [Double], shift: [Double], mean: [Double]) {
    let gamma = values("weight", weights)
    let beta = values("bias", weights)
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

  /// This layer, which has no parameters, for an input and output of these extents.
  func step(input: [Int], output: [Int]) -> Step {
    switch kind {
    case .relu: return .relu
    case .maxPool3d: return .maxPool(pooling(input: input, output: output))
    case .adaptiveAveragePool3d: return .averagePool(pooling(input: input, output: output))
    case .permute(let axes): return .reorder(Layer.order(axes, input: input))
    case .flatten, .dropout: return .nothing
    case .lastStep: return .last(count: output.reduce(1, *))
    case .conv3d, .batchNorm, .lstm, .linear:
      preconditionFailure("a layer with parameters is run by its caller")
    }
  }

  /// An LSTM with each weight and bias through `map`.
  func recurrence(
    _ lstm: LSTM, steps: Int, _ weights: BoundWeights, _ map: (Float) -> Double
  ) -> Recurrence {
    let rows = 4 * lstm.hidden
    let own = PackedMatrix(
      values("weight_ih_l0", weights), outputs: rows, inputs: lstm.inputs, map)
    let bias = zip(values("bias_ih_l0", weights), values("bias_hh_l0", weights)).map {
      map($0) + map($1)
    }
    return Recurrence(
      steps: steps, hidden: lstm.hidden, fromInput: own,
      fromHidden: PackedMatrix(
        values("weight_hh_l0", weights), outputs: rows, inputs: lstm.hidden, map),
      bias: own.padded(bias))
  }
}
