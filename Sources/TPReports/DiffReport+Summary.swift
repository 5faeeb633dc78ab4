internal import TPBytes
internal import TPComparison
internal import TPTensors

extension DiffReport {
  /// The most important in one line.
  public var summary: String {
    if difference.isIdentical {
      if difference.derivation != nil || difference.tensors.contains(where: { $0.cast != nil }) {
        return "identical in every value: \(counted(difference.tensors.count, "tensor"))"
      }
      return "identical: \(counted(difference.tensors.count, "tensor"))"
        + (difference.otherTensors.identical > 0
          ? " of the model, \(grouped(difference.otherTensors.identical)) others" : "")
    }
    var parts: [String] = []
    if let origin { parts.append(origin) }
    parts += faults
    parts += fates { !Self.small.contains($0) }
    if let movement { parts.append(movement) }
    parts += statistics
    parts += flips
    parts += fates { Self.small.contains($0) }
    parts += rest
    return parts.joined(separator: "; ")
  }

  /// That one was made from the other, or that nothing could be compared at all.
  private var origin: String? {
    guard difference.comparedAny else { return "no tensor could be compared" }
    return difference.derivation.map {
      "\($0.made) was made from \($0.made == "a" ? "b" : "a"), and that is all there is: \($0.reason)"
    }
  }

  /// What nobody wants: numbers that are none, and classes that are others.
  private var faults: [String] {
    var parts: [String] = []
    func add(_ tensors: [TensorDifference], _ what: String) {
      guard let first = tensors.first else { return }
      let others = tensors.count > 1 ? ", first in " : ": "
      parts.append(
        "\(counted(tensors.count, "tensor")) with \(what)\(others)\(printable(first.name))")
    }
    add(difference.tensors.filter { $0.nanInB > 0 }, "NaN")
    add(difference.tensors.filter(\.isInfiniteInB), "infinity")
    let classes = difference.headers.map(\.classes)
    if let before = classes[0], let after = classes[1], before != after {
      parts.append(
        before.sorted() == after.sorted()
          ? "the classes are in another order" : "the classes are others")
    }
    return parts
  }

  /// What is told of after how far the weights moved.
  private static let small: Set<TensorDifference.Status> = [.changed, .equalValues]

  /// How many tensors became what.
  private func fates(_ isMeant: (TensorDifference.Status) -> Bool) -> [String] {
    TensorDifference.Status.allCases.filter { $0 != .identical && isMeant($0) }.compactMap {
      (status: TensorDifference.Status) -> String? in
      let tensors = difference.tensors.filter { $0.status == status }
      guard !tensors.isEmpty else { return nil }
      let text = "\(counted(tensors.count, "tensor")) \(words(status))"
      // One remark for all: a whole model that was rounded.
      guard status == .dtype, Set(tensors.map { remark($0) }).count == 1,
        let cast = tensors.first?.cast, let first = tensors.first
      else { return text }
      return cast == .exact ? text + ", every value the same" : text + ", " + remark(first)
    }
  }

  private var flips: [String] {
    difference.behaviours.filter { !$0.clips.isEmpty }.map { change in
      let flips = flipped(change)
      guard difference.behaviours.count > 1 else { return flips }
      let name = change.source.split(separator: "/").last.map(String.init) ?? change.source
      return "\(flips) on \(printable(name, limit: 60))"
    }
  }

  /// `2 of 109 predictions flip`.
  func flipped(_ change: BehaviourChange) -> String {
    let flips = change.flips.count
    return "\(grouped(flips)) of \(counted(change.clips.count, "prediction"))"
      + (flips == 1 ? " flips" : " flip")
  }

  private var rest: [String] {
    var parts: [String] = []
    let others = difference.otherTensors
    if !others.isIdentical {
      let count = others.changed + others.added + others.removed
      parts.append("\(counted(count, "other tensor")) \(count == 1 ? "differs" : "differ")")
    }
    if !difference.metadata.isEmpty {
      let count = difference.metadata.count
      parts.append(
        "\(counted(count, "value")) of the metadata \(count == 1 ? "differs" : "differ")")
    }
    return parts
  }

  /// How far training took the weights: what was rounded or folded did not move.
  private var movement: String? {
    guard difference.derivation == nil, let moved = overallMovement else { return nil }
    return "weights moved \(movedPercent(moved.share)), most in \(printable(moved.most))"
  }

  /// ||dW|| / ||W|| over all floating-point tensors together but running statistics, and the tensor with
  /// most of it; `nil` where a number is too large for that, or none.
  var overallMovement: (share: Double, most: String)? {
    var delta = 0.0
    var norm = 0.0
    var most: (name: String, share: Double)?
    for tensor in difference.tensors {
      guard let measures = tensor.measures, tensor.a?.dtype.isFloatingPoint == true,
        !tensor.name.hasSuffix("running_mean"), !tensor.name.hasSuffix("running_var")
      else { continue }
      let square = measures.normDelta * measures.normDelta
      delta += square
      norm += measures.normA * measures.normA
      if square > (most?.share ?? 0) { most = (tensor.name, square) }
    }
    guard delta > 0, norm > 0, (delta / norm).isFinite, let most else { return nil }
    return ((delta / norm).squareRoot(), most.name)
  }

  /// The batch norm whose variances grew most.
  private var statistics: [String] {
    let norms = difference.batchNorms
    guard let most = norms.max(by: { $0.doubled < $1.doubled }), most.doubled > 0 else { return [] }
    return [
      "running_var of \(printable(most.name)) doubled in \(counted(most.doubled, "channel"))"
    ]
  }

  /// What became of a tensor, in words.
  func words(_ status: TensorDifference.Status) -> String {
    switch status {
    case .identical: "identical"
    case .equalValues: "equal in value, not in bits"
    case .changed: "changed"
    case .shape: "of another shape"
    case .dtype: "of another type"
    case .renamed: "renamed"
    case .added: "added"
    case .removed: "removed"
    }
  }

  /// What became of a tensor, with what is known of it besides.
  func remark(_ tensor: TensorDifference) -> String {
    switch (tensor.status, tensor.cast) {
    case (.dtype, .exact): return "of another type, every value the same"
    case (.dtype, .rounded):
      return "every value of b is the \(tensor.b?.dtype.rawValue ?? "") rounding of a"
    case (.dtype, .widened):
      return "every value of a is the \(tensor.a?.dtype.rawValue ?? "") rounding of b"
    case (.renamed, _):
      return "renamed to \(printable(tensor.newName ?? "", limit: 60))"
        + (tensor.isAmbiguous ? " (one of several alike)" : "")
    case (.equalValues, _): return "equal values"
    default: return words(tensor.status)
    }
  }

  /// The shape, or the shapes.
  func shapes(_ tensor: TensorDifference) -> String {
    let left = tensor.a.map { describe($0, tensor) }
    let right = tensor.b.map { describe($0, tensor) }
    if left == right { return left ?? "" }
    return [left, right].compactMap(\.self).joined(separator: " -> ")
  }

  private func describe(_ side: TensorDifference.Side, _ tensor: TensorDifference) -> String {
    tensor.status == .dtype
      ? "\(side.dtype.rawValue) \(side.shape)" : side.shape.description
  }
}
