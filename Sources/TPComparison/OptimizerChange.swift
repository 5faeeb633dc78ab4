internal import CTPKernels
internal import TPBytes
internal import TPModels
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
    _ a: OptimizerState?, _ b: OptimizerState?, _ left: StateDict, _ right: StateDict,
    _ kernels: KernelVariant
  ) throws(PortError) {
    guard let a, let b else { return nil }
    let names = right.entries.filter { Self.isParameter($0) }.map(\.name)
    let numbers = Set(a.moments.keys).union(b.moments.keys).sorted()
    withoutParameter = b.moments.keys.filter { !names.indices.contains($0) }.sorted()
    withoutState = names.indices.filter { b.moments[$0] == nil }.map { names[$0] }
    let known = numbers.filter { names.indices.contains($0) }
    let results = Lumps.perform(known.count) { place -> Result<Parameter, PortError> in
      let name = names[known[place]]
      do throws(PortError) {
        return .success(
          try Parameter(name, known[place], (a, b), (left[name], right[name]), kernels))
      } catch {
        return .failure(error)
      }
    }
    for result in results { parameters.append(try result.get()) }
  }

  private static func isParameter(_ entry: StateDict.Entry) -> Bool {
    let buffers = ["running_mean", "running_var", "num_batches_tracked"]
    return entry.tensor.dtype.isFloatingPoint && !buffers.contains { entry.name.hasSuffix($0) }
  }

  /// How many have a state that went on and did not move.
  public var frozen: [String] { parameters.filter(\.isFrozen).map(\.name) }
}

extension OptimizerChange.Parameter {
  fileprivate init(
    _ name: String, _ index: Int, _ states: (a: OptimizerState, b: OptimizerState),
    _ values: (old: Tensor?, new: Tensor?), _ kernels: KernelVariant
  ) throws(PortError) {
    (self.name, self.index) = (name, index)
    let (before, after) = (states.a.moments[index], states.b.moments[index])
    for (place, own) in [before, after].enumerated() {
      firstMoment[place] = try norm(own?.first, kernels)
      secondMoment[place] = try norm(own?.second, kernels)
    }
    if let before = before?.step, let after = after?.step { steps = after - before }
    guard let old = values.old, let new = values.new, old.shape == new.shape, old.dtype.isReal,
      new.dtype.isReal
    else { return }
    let group = states.b.groups.first { $0.parameters.contains(index) }
    let adam = adam(group, states.b.kind, after?.step)
    var tensors = [old, new]
    if adam != nil, let first = after?.first, let second = after?.second,
      [first, second].allSatisfy({ $0.shape == new.shape && $0.dtype.isReal })
    {
      tensors += [first, second]
    }
    let sums = try StepSums(tensors, adam ?? tp_adam(), kernels)
    observed = sums.observed.squareRoot()
    isFrozen = sums.observed == 0 && (steps ?? 0) > 0
    guard tensors.count == 4 else { return }
    expectedStep = sums.expected.squareRoot()
    let norms = sums.expected.squareRoot() * sums.observed.squareRoot()
    if norms > 0, norms.isFinite { cosine = sums.product / norms }
  }

  /// What Adam's step takes of a group; `nil` for other optimizers, or where it was never taken.
  private func adam(_ group: OptimizerState.Group?, _ kind: String?, _ step: Double?) -> tp_adam? {
    guard let group, kind == "Adam" || kind == "AdamW", let step, step > 0,
      let rate = group.numbers["lr"], let beta1 = group.numbers["beta1"],
      let beta2 = group.numbers["beta2"], let epsilon = group.numbers["eps"]
    else { return nil }
    let decay = kind == "AdamW" ? group.numbers["weight_decay"] ?? 0 : 0
    return tp_adam(
      rate: rate, first: 1 - power(beta1, step), second: 1 - power(beta2, step), epsilon: epsilon,
      decay: decay)
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
