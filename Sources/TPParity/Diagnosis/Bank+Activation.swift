// Another activation function than the layer list's, or none.
extension Bank {
  static func activation(_ own: Pointwise, step: Int) -> [Hypothesis] {
    let others: [Pointwise] =
      [.relu] + commonSlopes.map { .leakyRelu(slope: $0) } + [.sigmoid, .tanh]
    let replaced = others.filter { $0 != own }.map { other in
      (
        what: "the golden has a \(other.noun) in place of the \(own.noun)",
        steps: [SegmentStep.pointwise(other)]
      )
    }
    let missing = (what: "the golden has no \(own.noun) here", steps: [SegmentStep]())
    return ([missing] + replaced).map { what, steps in
      Hypothesis(
        fault: .activationFunction, step: step, what: what,
        remedy: "use the same activation function in both models", steps: { _ in steps })
    }
  }

  /// What torch, TensorFlow and Keras take where nothing is said, and what papers on GANs take.
  private static let commonSlopes = [0.01, 0.1, 0.2, 0.3]
}

extension Pointwise {
  /// The function as a sentence calls it.
  fileprivate var noun: String {
    switch self {
    case .relu: "ReLU"
    case .leakyRelu(let slope): "LeakyReLU of slope \(short(slope))"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .given: "scale and shift"
    case .round: "rounding"
    }
  }
}
