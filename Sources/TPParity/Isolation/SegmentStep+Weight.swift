extension SegmentStep {
  /// The weight of a convolution or a linear layer; empty for another step.
  var weight: [Double] {
    switch self {
    case .convolution(let step): step.weight
    case .linear(let step): step.weight
    default: []
    }
  }

  var bias: [Double] {
    switch self {
    case .convolution(let step): step.bias
    case .linear(let step): step.bias
    default: []
    }
  }

  func with(bias: [Double]) -> SegmentStep {
    switch self {
    case .convolution(var step):
      step.bias = bias
      return .convolution(step)
    case .linear(var step):
      step.bias = bias
      return .linear(step)
    default: return self
    }
  }

  func with(weight: [Double]) -> SegmentStep {
    switch self {
    case .convolution(var step):
      step.weight = weight
      return .convolution(step)
    case .linear(var step):
      step.weight = weight
      return .linear(step)
    default: return self
    }
  }
}
