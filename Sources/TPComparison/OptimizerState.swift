internal import TPBytes
internal import TPTensors

/// An optimizer's part of a checkpoint, as `torch.optim` saves it.
struct OptimizerState {
  /// What a group of parameters has besides them.
  struct Group {
    var values: [(key: String, text: String)] = []
    var numbers: [String: Double] = [:]
    var flags: Set<String> = []
    var parameters: [Int] = []
  }

  /// What is kept of one parameter.
  struct Moments {
    var step: Double?
    var first: Tensor?
    var second: Tensor?
  }

  private(set) var groups: [Group] = []
  private(set) var moments: [Int: Moments] = [:]

  /// - Returns: `nil` where the checkpoint has no optimizer.
  init?(_ checkpoint: Checkpoint) {
    let tree = checkpoint.metadata
    guard let optimizer = tree.optimizer, case .list(let items) = tree[optimizer.groups] else {
      return nil
    }
    for item in items.prefix(10_000) {
      guard case .dict(let entries) = tree[item] else { continue }
      groups.append(Self.group(entries, checkpoint))
    }
    guard let state = tree.value("state", of: optimizer.stateDict),
      case .dict(let entries) = tree[state]
    else { return }
    for entry in entries {
      guard let index = Int(tree.pathComponent(entry.key)) else { continue }
      var own = Moments()
      own.step = tree.value("step", of: entry.value).flatMap { checkpoint.number($0) }
      own.first =
        tensor("exp_avg", of: entry.value, checkpoint)
        ?? tensor("momentum_buffer", of: entry.value, checkpoint)
      own.second =
        tensor("max_exp_avg_sq", of: entry.value, checkpoint)
        ?? tensor("exp_avg_sq", of: entry.value, checkpoint)
      moments[index] = own
    }
  }

  private static func group(
    _ entries: [MetadataTree.Entry], _ checkpoint: Checkpoint
  ) -> Group {
    let tree = checkpoint.metadata
    var group = Group()
    for entry in entries {
      let key = tree.pathComponent(entry.key)
      if key == "params" {
        if case .list(let own) = tree[entry.value] {
          group.parameters = own.compactMap { Int(tree.pathComponent($0)) }
        }
        continue
      }
      group.values.append((key, tree.pathComponent(entry.value)))
      if let value = checkpoint.number(entry.value) { group.numbers[key] = value }
      if tree[entry.value] == .bool(true) { group.flags.insert(key) }
      if key == "betas", let pair = pair(entry.value, checkpoint) {
        (group.numbers["beta1"], group.numbers["beta2"]) = pair
      }
    }
    return group
  }

  private static func pair(
    _ handle: MetadataTree.Handle, _ checkpoint: Checkpoint
  ) -> (Double, Double)? {
    let items: [MetadataTree.Handle]
    switch checkpoint.metadata[handle] {
    case .list(let own), .tuple(let own): items = own
    default: return nil
    }
    let values = items.compactMap { checkpoint.number($0) }
    return values.count == 2 ? (values[0], values[1]) : nil
  }

  private func tensor(
    _ key: String, of handle: MetadataTree.Handle, _ checkpoint: Checkpoint
  ) -> Tensor? {
    guard let value = checkpoint.metadata.value(key, of: handle),
      case .tensor(let place) = checkpoint.metadata[value]
    else { return nil }
    return checkpoint.record(at: place)?.tensor
  }

  /// `AdamW`, `Adam` or `SGD` by what the groups have; `nil` where they are another's, or do not tell
  /// Adam from AdamW: older versions of PyTorch do not write `decoupled_weight_decay`, and where the
  /// weight decay is not 0 the two take different steps.
  var kind: String? {
    guard let group = groups.first else { return nil }
    let keys = Set(group.values.map(\.key))
    if keys.isSuperset(of: ["betas", "amsgrad", "eps"]) {
      if group.flags.contains("decoupled_weight_decay") { return "AdamW" }
      let isTold = keys.contains("decoupled_weight_decay")
      // Biases and norms often have a group of their own, without decay.
      let hasDecay = groups.contains { $0.numbers["weight_decay"] ?? 0 != 0 }
      return isTold || !hasDecay ? "Adam" : nil
    }
    return keys.isSuperset(of: ["momentum", "nesterov"]) ? "SGD" : nil
  }

  /// The most steps that a parameter has.
  var step: Double? {
    // A dictionary has no order, and with a NaN the greatest would depend on it.
    moments.values.compactMap(\.step).filter { !$0.isNaN }.max()
  }
}
