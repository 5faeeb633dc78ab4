extension Workspace {
  /// Runs a layer without parameters on `current`, in place or into `next` and back.
  mutating func apply(_ variant: Int32, _ step: Step, _ count: Int) {
    switch step {
    case .nothing: return
    case .relu: TruthKernels.relu(variant, count: count, &current)
    case .maxPool(let pool):
      TruthKernels.maxPool(variant, pool, current, into: &next)
      swap(&current, &next)
    case .reorder(let order):
      for index in order.indices { next[index] = current[Int(order[index])] }
      swap(&current, &next)
    case .last(let elements):
      next.replaceSubrange(0..<elements, with: current[count - elements..<count])
      swap(&current, &next)
    }
  }

  /// Pools from `current` into `next` and back.
  mutating func pool(_ variant: Int32, _ windows: PoolWindows, _ function: Int) {
    TruthKernels.pool(variant, windows, function, current, into: &next)
    swap(&current, &next)
  }
}
