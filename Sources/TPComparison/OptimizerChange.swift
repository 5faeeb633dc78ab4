internal import TPBytes
internal import TPTensors

/// What the optimizers of two checkpoints say of what the parameters did.
///
/// States are numbered by the places of the parameters in `model.parameters()`: the order of the
/// state_dict without its buffers.
public struct OptimizerChange: Sendable {
  /// What became of one parameter.
  public struct Parameter: Hashable, Sendable {
    /// Its name in the model.
    public var name: String
    /// Its number in the optimizer.
    public var index: Int
    /// The norm of the first moment in a and in b; `nil` where there is none.
    public var firstMoment: [Double?] = [nil, nil]
    /// The norm of the second moment, likewise.
    public var secondMoment: [Double?] = [nil, nil]
    /// How many steps b took more than a.
    public var steps: Double?
    /// The norm of Adam's step from the state of b: lr m_hat / (sqrt(v_hat) + eps), and of AdamW
    /// lr * weight decay * W of b besides.
    public var expectedStep: Double?
    /// ||W of b - W of a||.
    public var observed: Double?
    /// The cosine of that step and the observed difference.
    public var cosine: Double?
    /// Whether it has a state that went on while not one of its bits changed.
    public var isFrozen = false

    /// The observed difference over as many steps as were taken, each as expected; at most about 1
    /// where they went back and forth.
    public var ratio: Double? {
      guard let steps, steps > 0, let expectedStep, expectedStep > 0, let observed else {
        return nil
      }
      return observed / (steps * expectedStep)
    }
  }

  /// The parameters that have a state on a side, in their order.
  public private(set) var parameters: [Parameter] = []
  /// Numbers of states of b, in ascending order, that belong to no parameter of the model.
  public private(set) var withoutParameter: [Int] = []
  /// Parameters of the model without a state in b.
  public private(set) var withoutState: [String] = []

  /// - Returns: `nil` where not both have an optimizer.
  init?(
    _ a: OptimizerState?, _ b: OptimizerState?, _ left: StateDict, _ right: StateDict
  ) throws(PortError) {
    guard let a, let b else { return nil }
    let names = right.entries.filter { Self.isParameter($0) }.map(\.name)
    let numbers = Set(a.moments.keys).union(b.moments.keys).sorted()
    withoutParameter = b.moments.keys.filter { !names.indices.contains($0) }.sorted()
    withoutState = names.indices.filter { b.moments[$0] == nil }.map { names[$0] }
    for number in numbers where names.indices.contains(number) {
      var parameter = Parameter(name: names[number], index: number)
      let (before, after) = (a.moments[number], b.moments[number])
      for (place, own) in [before, after].enumerated() {
        parameter.firstMoment[place] = try norm(own?.first)
        parameter.secondMoment[place] = try norm(own?.second)
      }
      if let before = before?.step, let after = after?.step { parameter.steps = after - before }
      if let old = left[names[number]], let new = right[names[number]], old.shape == new.shape,
        old.dtype.isReal, new.dtype.isReal
      {
        let group = b.groups.first { $0.parameters.contains(number) }
        try parameter.hold(old, new, after, group, b.kind)
      }
      parameters.append(parameter)
    }
  }

  private static func isParameter(_ entry: StateDict.Entry) -> Bool {
    let buffers = ["running_mean", "running_var", "num_batches_tracked"]
    return entry.tensor.dtype.isFloatingPoint && !buffers.contains { entry.name.hasSuffix($0) }
  }

  /// How many have a state that went on and did not move.
  public var frozen: [String] { parameters.filter(\.isFrozen).map(\.name) }
}

private func norm(_ tensor: Tensor?) throws(PortError) -> Double? {
  guard let tensor, tensor.dtype.isReal else { return nil }
  var sum = 0.0
  for value in try tensor.doubles() { sum += value * value }
  return sum.squareRoot()
}

extension OptimizerChange.Parameter {
  fileprivate mutating func hold(
    _ old: Tensor, _ new: Tensor, _ state: OptimizerState.Moments?, _ group: OptimizerState.Group?,
    _ kind: String?
  ) throws(PortError) {
    let (before, after) = (try old.doubles(), try new.doubles())
    var (squares, moved) = (0.0, false)
    for index in before.indices {
      let delta = after[index] - before[index]
      if delta != 0 { moved = true }
      squares += delta * delta
    }
    observed = squares.squareRoot()
    isFrozen = !moved && (steps ?? 0) > 0
    guard let group, kind == "Adam" || kind == "AdamW", let step = state?.step, step > 0,
      let first = state?.first, let second = state?.second, first.shape == new.shape,
      second.shape == new.shape, first.dtype.isReal, second.dtype.isReal,
      let rate = group.numbers["lr"], let beta1 = group.numbers["beta1"],
      let beta2 = group.numbers["beta2"], let epsilon = group.numbers["eps"]
    else { return }
    let decay = kind == "AdamW" ? group.numbers["weight_decay"] ?? 0 : 0
    let (m, v) = (try first.doubles(), try second.doubles())
    let (corrected, spread) = (1 - power(beta1, step), 1 - power(beta2, step))
    var (size, product) = (0.0, 0.0)
    for index in m.indices {
      let mean = m[index] / corrected
      let own =
        -rate * (mean / ((v[index] / spread).squareRoot() + epsilon) + decay * after[index])
      size += own * own
      product += own * (after[index] - before[index])
    }
    expectedStep = size.squareRoot()
    let norms = size.squareRoot() * squares.squareRoot()
    if norms > 0, norms.isFinite { cosine = product / norms }
  }
}

/// A number to a whole power.
private func power(_ base: Double, _ exponent: Double) -> Double {
  guard exponent.isFinite, exponent < 1e15 else { return 0 }
  var (result, square, rest) = (1.0, base, UInt64(exponent))
  while rest > 0 {
    if rest & 1 == 1 { result *= square }
    square *= square
    rest >>= 1
  }
  return result
}
