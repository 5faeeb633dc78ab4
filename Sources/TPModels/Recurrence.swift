/// One layer and direction of an LSTM or GRU made ready for float64.
struct Recurrence: Sendable {
  let cell: Layer.Recurrent.Cell
  let steps: Int
  let hidden: Int
  let fromInput: PackedMatrix
  let fromHidden: PackedMatrix
  /// What the sums over the inputs begin with: bias_ih + bias_hh; in the last gate of a GRU bias_ih.
  let bias: [Double]
  /// What a GRU's sums over the hidden state begin with: bias_hh in the last gate, else 0.
  let hiddenBias: [Double]

  /// A layer and direction with each weight and bias through `map`.
  init(
    _ recurrent: Layer.Recurrent, _ layer: Layer, number: Int, direction: Int, steps: Int,
    _ weights: BoundWeights, _ map: (Float) -> Double
  ) {
    cell = recurrent.cell
    self.steps = steps
    hidden = recurrent.hidden
    let suffix = Layer.Recurrent.suffix(layer: number, direction: direction)
    let rows = recurrent.cell.gates * hidden
    func values(_ name: String) -> [Float] { layer.values(name + suffix, weights) }
    func bias(_ name: String) -> [Double] {
      let given = values(name)
      return given.isEmpty ? Array(repeating: 0, count: rows) : given.map(map)
    }
    let own = PackedMatrix(
      values("weight_ih"), outputs: rows, inputs: recurrent.inputs(ofLayer: number), map)
    fromInput = own
    fromHidden = PackedMatrix(values("weight_hh"), outputs: rows, inputs: hidden, map)
    let (first, second) = (bias("bias_ih"), bias("bias_hh"))
    let together = cell == .lstm ? rows : 2 * hidden
    self.bias = own.padded(first.indices.map { first[$0] + ($0 < together ? second[$0] : 0) })
    hiddenBias = own.padded(second.indices.map { $0 < together ? 0 : second[$0] })
  }
}

/// Numbers with the variance of their rounding noise, one for each unit of a hidden state.
struct HiddenState {
  var values: [Double]
  var variances: [Double]

  init(count: Int) {
    values = Array(repeating: 0, count: count)
    variances = values
  }
}

/// The sums of all gates in one step: their values, what they are made of, and their noise.
private struct GateSums {
  var values: [Double]
  var sizes: [Double]
  var variances: [Double]

  /// One sum with the noise of its own rounding.
  func noisy(_ index: Int) -> Noisy {
    let own = 0.5 * unit * sizes[index]
    return Noisy(values[index], variance: variances[index] + own * own)
  }
}

extension TruthPlan {
  /// Layer after layer and direction after direction; first order, with each product, sum and
  /// function adding its own rounding.
  mutating func apply(_ variant: Int32, _ layers: [[Triple<Recurrence>]]) {
    for directions in layers {
      let width = directions.reduce(0) { $0 + $1.value.hidden }
      for (number, triple) in directions.enumerated() {
        run(variant, triple, isReversed: number > 0, width: width)
      }
      swap(&value.current, &value.next)
      swap(&noise.current, &noise.next)
    }
  }

  /// One direction, into its columns of rows of `width`.
  private mutating func run(
    _ variant: Int32, _ triple: Triple<Recurrence>, isReversed: Bool, width: Int
  ) {
    let hidden = triple.value.hidden
    let column = isReversed ? width - hidden : 0
    var (h, c) = (HiddenState(count: hidden), HiddenState(count: hidden))
    for index in 0..<triple.value.steps {
      let step = isReversed ? triple.value.steps - 1 - index : index
      var sums = GateSums(
        values: triple.value.bias, sizes: triple.magnitude.bias,
        variances: Array(repeating: 0, count: triple.value.bias.count))
      let inputs = triple.value.fromInput.inputs
      let magnitudes = value.current[step * inputs..<(step + 1) * inputs].map { abs($0) }
      triple.value.fromInput.accumulate(variant, value.current, row: step, into: &sums.values)
      triple.magnitude.fromInput.accumulate(variant, magnitudes, row: 0, into: &sums.sizes)
      triple.variance.fromInput.accumulate(
        variant, noise.current, row: step, into: &sums.variances)
      switch triple.value.cell {
      case .lstm:
        add(variant, triple, h, to: &sums)
        lstm(sums, &h, &c)
      case .gru:
        var own = GateSums(
          values: triple.value.hiddenBias, sizes: triple.magnitude.hiddenBias,
          variances: Array(repeating: 0, count: sums.values.count))
        add(variant, triple, h, to: &own)
        gru(sums, own, &h)
      }
      let place = step * width + column
      value.next.replaceSubrange(place..<place + hidden, with: h.values)
      noise.next.replaceSubrange(place..<place + hidden, with: h.variances)
    }
  }

  private func add(
    _ variant: Int32, _ triple: Triple<Recurrence>, _ h: HiddenState, to sums: inout GateSums
  ) {
    triple.value.fromHidden.accumulate(variant, h.values, row: 0, into: &sums.values)
    triple.magnitude.fromHidden.accumulate(
      variant, h.values.map { abs($0) }, row: 0, into: &sums.sizes)
    triple.variance.fromHidden.accumulate(variant, h.variances, row: 0, into: &sums.variances)
  }

  /// c = f c + i g, h = o tanh(c).
  private func lstm(_ sums: GateSums, _ h: inout HiddenState, _ c: inout HiddenState) {
    let hidden = h.values.count
    for index in 0..<hidden {
      func gate(_ number: Int, _ function: (Double) -> Noisy) -> Noisy {
        let sum = sums.noisy(number * hidden + index)
        return function(sum.value).after(sum.variance)
      }
      let i = gate(0, Noisy.sigmoid)
      let f = gate(1, Noisy.sigmoid)
      let g = gate(2, Noisy.tanh)
      let o = gate(3, Noisy.sigmoid)
      let kept = f.times(Noisy(c.values[index], variance: c.variances[index]))
      let added = i.times(g)
      let cell = Noisy(kept.value + added.value, variance: kept.variance + added.variance)
      let output = o.times(Noisy.tanh(cell.value).after(cell.variance))
      c.values[index] = cell.value
      c.variances[index] = cell.variance
      h.values[index] = output.value
      h.variances[index] = output.variance
    }
  }

  /// n = tanh(x + r hidden part), h = n + z (h - n), which others compute as (1 - z) n + z h: the
  /// roundings of both are counted.
  private func gru(_ sums: GateSums, _ own: GateSums, _ h: inout HiddenState) {
    let hidden = h.values.count
    for index in 0..<hidden {
      func gate(_ number: Int) -> Noisy {
        let place = number * hidden + index
        let size = 0.5 * unit * (sums.sizes[place] + own.sizes[place])
        return Noisy.sigmoid(sums.values[place] + own.values[place])
          .after(sums.variances[place] + own.variances[place] + size * size)
      }
      let r = gate(0)
      let z = gate(1)
      let place = 2 * hidden + index
      let x = sums.noisy(place)
      let part = r.times(own.noisy(place))
      let sum = x.value + part.value
      let n = Noisy.tanh(sum).after(x.variance + part.variance + unit * unit * sum * sum)
      let (old, oldVariance) = (h.values[index], h.variances[index])
      let distance = old - n.value
      let rest = 1 - z.value
      let result = n.value + z.value * distance
      let moved = z.value * distance
      let terms =
        2 * moved * moved + rest * n.value * (rest * n.value) + z.value * old * (z.value * old)
        + result * result
      h.values[index] = result
      h.variances[index] =
        rest * rest * n.variance + z.value * z.value * oldVariance
        + distance * distance * z.variance + unit * unit * terms
    }
  }
}
