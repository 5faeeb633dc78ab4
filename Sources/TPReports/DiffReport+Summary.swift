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
    if let moved = movement { parts.append(moved) }
    parts += statistics
    for change in difference.behaviours where !change.clips.isEmpty {
      let flips = change.flips.count
      parts.append(
        "\(flips) of \(counted(change.clips.count, "prediction")) \(flips == 1 ? "flips" : "flip")")
    }
    let all = difference.tensors
    for status in TensorDifference.Status.allCases where status != .identical {
      let count = all.count { $0.status == status }
      if count > 0 { parts.append("\(grouped(count)) \(words(status))") }
    }
    let nans = all.count { $0.nanInB > 0 }
    if nans > 0 { parts.append("\(counted(nans, "tensor")) with NaN") }
    if !difference.otherTensors.isIdentical {
      let others = difference.otherTensors
      let count = others.changed + others.added + others.removed
      parts.append("\(counted(count, "other tensor")) \(count == 1 ? "differs" : "differ")")
    }
    if !difference.metadata.isEmpty {
      let count = difference.metadata.count
      parts.append(
        "\(counted(count, "value")) of the metadata \(count == 1 ? "differs" : "differ")")
    }
    return parts.joined(separator: "; ")
  }

  private var movement: String? {
    overallMovement.map {
      "weights moved \(percent($0.share)), most in \(printable($0.most))"
    }
  }

  /// ||dW|| / ||W|| over all floating-point tensors together but running statistics, and the tensor with
  /// most of it.
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
    guard delta > 0, norm > 0, let most else { return nil }
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
