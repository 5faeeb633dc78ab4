internal import TPModels

/// One layer of a segment with its parameters in float64, as it is or as a hypothesis has it.
///
/// A step computes only what is asked for. So thousands of recorded positions of a convolution cost
/// nothing, and of a sampled source only what was recorded is needed.
enum SegmentStep: Sendable {
  case convolution(ConvolutionStep)
  case affine(AffineStep)
  case pointwise(Pointwise)
  case pool(PoolStep)
  /// out[i] = in[order[i]], as an activation of these extents.
  case gather(order: [Int32], extents: [Int])
  /// The same elements in the same order, as an activation of these extents.
  case reshape([Int])
  /// The mean over the steps of a sequence (steps, features).
  case meanOfSteps
  /// Layers and directions of an LSTM or a GRU.
  case recurrent(RecurrentStack)
  /// As a hypothesis has it.
  case layerNorm(LayerNormStep)
  case linear(LinearStep)
  /// A layer of which only the whole is computed, as the weights have it.
  case whole(LayerTruth, extents: [Int])
  /// Over the last dimension.
  case softmax(logarithm: Bool)
}

/// A function of each element.
enum Pointwise: Hashable, Sendable {
  case relu
  case leakyRelu(slope: Double)
  case sigmoid
  case tanh
  /// x -> scale x + shift, without rounding of its own: the engine was given other numbers.
  case given(scale: Double, shift: Double)
  /// To the nearest number of a coarser format.
  case round(CoarseFormat)
}

/// Batch normalisation: a channel's scale, shift, and the mean that its noise needs.
struct AffineStep: Sendable {
  var scale: [Double]
  var shift: [Double]
  var mean: [Double]
}

/// A matrix and a bias over the last dimension.
struct LinearStep: Sendable {
  /// (outputs, inputs), row-major.
  var weight: [Double]
  var bias: [Double]
  var outputs: Int { bias.count }
}

extension SegmentStep {
  /// The layer as the weights have it.
  init(_ layer: Layer, input: [Int], output: [Int], _ weights: BoundWeights) {
    func values(_ suffix: String, _ count: Int = 0) -> [Double] {
      let given = weights[layer.key(suffix)]
      return given.isEmpty ? Array(repeating: 0, count: count) : given.map { Double($0) }
    }
    func windows(_ pool: Layer.Pool, isMaximum: Bool) -> PoolStep {
      PoolStep(
        pool, isMaximum: isMaximum, over: Array(input.volume[1...]), to: Array(output.volume[1...]))
    }
    if case .dropout = layer.kind {
      self = .reshape(output)
      return
    }
    switch layer.kind {
    case .convolution(let given):
      let conv = given.inVolume
      self = .convolution(
        ConvolutionStep(
          inputs: conv.inputs / conv.groups, outputs: conv.outputs, kernel: conv.kernel,
          stride: conv.stride, before: conv.padding, after: conv.paddingAfter,
          border: ConvolutionStep.Border(rawValue: conv.border.rawValue) ?? .zeros,
          dilation: conv.dilation, groups: conv.groups, weight: values("weight"),
          bias: values("bias", conv.outputs)))
    case .batchNorm(let norm):
      let parameters = NormParameters(
        gamma: values("weight"), beta: values("bias"), mean: values("running_mean"),
        variance: values("running_var"), epsilon: norm.epsilon)
      self = .affine(parameters.step)
    case .relu: self = .pointwise(.relu)
    case .leakyRelu(let slope): self = .pointwise(.leakyRelu(slope: slope))
    case .tanh: self = .pointwise(.tanh)
    case .sigmoid: self = .pointwise(.sigmoid)
    case .maxPool(let pool): self = .pool(windows(pool, isMaximum: true))
    case .averagePool(let pool) where pool.divisor == nil:
      self = .pool(windows(pool, isMaximum: false))
    case .adaptiveAveragePool, .adaptiveMaxPool:
      let isMaximum = if case .adaptiveMaxPool = layer.kind { true } else { false }
      self = .pool(
        PoolStep(
          bins: PoolStep.adaptive(Array(input.volume[1...]), Array(output.volume[1...])),
          isMaximum: isMaximum))
    case .permute(let axes):
      self = .gather(
        order: axisOrder(axes.dropFirst().map { $0 - 1 }, extents: input), extents: output)
    case .flatten, .reshape: self = .reshape(output)
    case .recurrent(let recurrent) where recurrent.isSingleLSTM:
      self = .recurrent(RecurrentStack(recurrent, layer, weights))
    case .lastStep: self = .gather(order: stepOrder(input, step: input[0] - 1), extents: output)
    case .linear(let linear):
      self = .linear(
        LinearStep(weight: values("weight"), bias: values("bias", linear.outputs)))
    default:
      self = .whole(
        LayerTruth(layer, input: input, output: output, weights), extents: output)
    }
  }

  var isConvolution: Bool {
    if case .convolution = self { true } else { false }
  }

  /// The extents of the output.
  func outputExtents(_ input: [Int]) -> [Int] {
    switch self {
    case .convolution(let step): step.outputExtents(input)
    case .affine, .pointwise, .softmax, .layerNorm: input
    case .pool(let step): step.outputExtents(input)
    case .gather(_, let extents), .whole(_, let extents): extents
    case .reshape(let extents): extents
    case .meanOfSteps: Array(input.dropFirst())
    case .recurrent(let stack): [input[0], stack.outputs]
    case .linear(let step): input.dropLast() + [step.outputs]
    }
  }
}

/// What a batch norm computes from.
struct NormParameters: Sendable {
  var gamma: [Double]
  var beta: [Double]
  var mean: [Double]
  var variance: [Double]
  var epsilon: Double

  /// - Parameters:
  ///   - gamma: empty where the layer has no parameters (`affine=False`): then 1.
  ///   - beta: empty where the layer has no parameters: then 0.
  init(
    gamma: [Double], beta: [Double], mean: [Double], variance: [Double], epsilon: Double
  ) {
    self.gamma = gamma.isEmpty ? mean.map { _ in 1 } : gamma
    self.beta = beta.isEmpty ? mean.map { _ in 0 } : beta
    (self.mean, self.variance, self.epsilon) = (mean, variance, epsilon)
  }

  var step: AffineStep {
    let scale = gamma.indices.map { gamma[$0] / (variance[$0] + epsilon).squareRoot() }
    return AffineStep(
      scale: scale, shift: beta.indices.map { beta[$0] - mean[$0] * scale[$0] }, mean: mean)
  }
}

/// Where each element of `torch.permute(axes)` comes from; the clips' dimension is not counted.
func axisOrder(_ axes: [Int], extents: [Int]) -> [Int32] {
  var strides = Array(repeating: 1, count: extents.count)
  for axis in extents.indices.dropLast().reversed() {
    strides[axis] = strides[axis + 1] * extents[axis + 1]
  }
  var order: [Int32] = [0]
  for axis in axes {
    order = order.flatMap { base in
      (0..<extents[axis]).map { base + Int32($0 * strides[axis]) }
    }
  }
  return order
}

/// Where each element of one step of a sequence comes from.
func stepOrder(_ extents: [Int], step: Int) -> [Int32] {
  let each = extents.dropFirst().reduce(1, *)
  return (0..<each).map { Int32(step * each + $0) }
}
