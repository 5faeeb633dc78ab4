internal import TPBytes
internal import TPTensors

/// What a checkpoint's optimizer says of how far it is.
public struct OptimizerFacts: Hashable, Sendable {
  /// The learning rate of each parameter group.
  public var rates: [Double] = []
  /// How many parameters its groups name.
  public var parameters = 0
  /// How many of them it keeps a state of.
  public var states = 0
  /// The least and the greatest number of steps that its states tell; `nil` where none does.
  public var steps: ClosedRange<Double>?

  /// - Returns: `nil` where the checkpoint has no optimizer.
  init?(_ checkpoint: Checkpoint) {
    let tree = checkpoint.metadata
    guard let optimizer = tree.optimizer else { return nil }
    if case .list(let items) = tree[optimizer.groups] {
      for group in items.prefix(10_000) {
        rates.append(tree.value("lr", of: group).flatMap { checkpoint.number($0) } ?? .nan)
        if let list = tree.value("params", of: group), case .list(let names) = tree[list] {
          parameters += names.count
        }
      }
    }
    guard let state = tree.value("state", of: optimizer.stateDict),
      case .dict(let entries) = tree[state]
    else { return }
    states = entries.count
    for entry in entries {
      guard let step = tree.value("step", of: entry.value).flatMap({ checkpoint.number($0) }),
        step.isFinite
      else { continue }
      steps = min(steps?.lowerBound ?? step, step)...max(steps?.upperBound ?? step, step)
    }
  }
}
