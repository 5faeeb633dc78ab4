extension Workspace {
  /// Runs a layer on `current`, in place or into `next` and back; every kind but the LSTM, whose
  /// nonlinear part differs between float32 and the truth.
  mutating func apply(_ variant: Int32, _ step: Step<Real>, _ count: Int) {
    switch step {
    case .nothing: return
    case .relu: Real.relu(variant, count: count, &current)
    case .scale(let channels, let each, let scale, let shift):
      Real.scale(variant, channels: channels, count: each, scale, shift, &current)
    case .convolution(let conv):
      conv.apply(variant, current, padded: &padded, into: &next)
      swap(&current, &next)
    case .maxPool(let pool):
      Real.maxPool(variant, pool, current, into: &next)
      swap(&current, &next)
    case .averagePool(let pool):
      Real.averagePool(pool, again: false, current, into: &next)
      swap(&current, &next)
    case .reorder(let order):
      for index in order.indices { next[index] = current[Int(order[index])] }
      swap(&current, &next)
    case .last(let elements):
      next.replaceSubrange(0..<elements, with: current[count - elements..<count])
      swap(&current, &next)
    case .linear(let matrix, let bias, let rows, let outputs):
      for row in 0..<rows {
        var sums = bias
        matrix.accumulate(variant, current, row: row, into: &sums)
        next.replaceSubrange(row * outputs..<(row + 1) * outputs, with: sums[..<outputs])
      }
      swap(&current, &next)
    case .lstm: preconditionFailure("an LSTM is run by its caller")
    }
  }
}
