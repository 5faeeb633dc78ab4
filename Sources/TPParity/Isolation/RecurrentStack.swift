internal import TPModels

/// The layers and directions of an LSTM or a GRU, as PyTorch has them or as another implementation
/// might.
struct RecurrentStack: Sendable {
  /// Of each layer its directions: the forward one, and the backward one where there is one.
  var layers: [[RecurrentStep]]
  /// The outputs of the backward direction stand before those of the forward one.
  var backwardFirst = false
  /// The outputs of the backward direction stand in the order in which they were computed.
  var leavesBackward = false

  /// The layers with the parameters that the weights have.
  init(_ recurrent: Layer.Recurrent, _ layer: Layer, _ weights: BoundWeights) {
    let rows = recurrent.cell.gates * recurrent.hidden
    layers = (0..<recurrent.layers).map { number in
      (0..<recurrent.directions).map { direction in
        let suffix = Layer.Recurrent.suffix(layer: number, direction: direction)
        func values(_ name: String, _ count: Int = 0) -> [Double] {
          let given = weights[layer.key(name + suffix)]
          return given.isEmpty ? Array(repeating: 0, count: count) : given.map { Double($0) }
        }
        return RecurrentStep(
          cell: recurrent.cell, inputs: recurrent.inputs(ofLayer: number),
          hidden: recurrent.hidden, fromInput: values("weight_ih"),
          fromHidden: values("weight_hh"), inputBias: values("bias_ih", rows),
          hiddenBias: values("bias_hh", rows), isReversed: direction == 1)
      }
    }
  }

  /// One layer of one direction, changed.
  init(only step: RecurrentStep, _ change: (inout RecurrentStep) -> Void) {
    var step = step
    change(&step)
    layers = [[step]]
  }

  /// The LSTM of one layer and direction that these are, if they are one.
  var only: RecurrentStep? {
    guard layers.count == 1, layers[0].count == 1, layers[0][0].cell == .lstm else { return nil }
    return layers[0][0]
  }

  /// Features of each step of the output.
  var outputs: Int { layers.last?.reduce(0) { $0 + $1.hidden } ?? 0 }

  /// Multiply-adds for one step of a sequence.
  var multiplyAdds: Int {
    layers.joined().reduce(0) { $0 + $1.fromInput.count + $1.fromHidden.count }
  }

  /// - Precondition: the input is whole.
  func apply(_ input: Field, judging: Bool) -> Field {
    layers.reduce(input) { field, directions in
      joined(directions.map { $0.apply(field, judging: judging) })
    }
  }

  /// The outputs of both directions side by side.
  private func joined(_ parts: [Field]) -> Field {
    guard parts.count == 2, let forward = parts.first, let backward = parts.last else {
      return parts.first ?? Field(extents: [0, 0], positions: nil, values: [])
    }
    let (steps, hidden) = (forward.extents[0], forward.extents[1])
    func columns(_ part: KeyPath<Field, [Double]>) -> [Double] {
      if forward[keyPath: part].isEmpty { return [] }
      return (0..<steps).flatMap { step in
        let back = leavesBackward ? steps - 1 - step : step
        let own = forward[keyPath: part][step * hidden..<(step + 1) * hidden]
        let other = backward[keyPath: part][back * hidden..<(back + 1) * hidden]
        return backwardFirst ? other + own : own + other
      }
    }
    return Field(
      extents: [steps, 2 * hidden], positions: nil, values: columns(\.values),
      variances: columns(\.variances), bounds: columns(\.bounds))
  }

  /// The same with one change in every layer and direction.
  mutating func each(_ change: (inout RecurrentStep) -> Void) {
    for number in layers.indices {
      for direction in layers[number].indices { change(&layers[number][direction]) }
    }
  }
}
