internal import TPModels

/// One layer and direction of an LSTM or a GRU in float64, as PyTorch has it or as another
/// implementation might.
struct RecurrentStep: Sendable {
  /// What stands for sigmoid.
  enum Gate: Hashable, Sendable {
    case sigmoid
    /// Keras 2: clip(0.2 x + 0.5).
    case hardKeras
    /// `torch.nn.Hardsigmoid`: clip(x / 6 + 0.5).
    case hardTorch
  }

  /// What goes on to the next layer.
  enum Output: Hashable, Sendable { case hidden, cell }

  var cell = Layer.Recurrent.Cell.lstm
  var inputs: Int
  var hidden: Int
  /// (gates x hidden, inputs); gates i, f, g, o, or r, z, n of a GRU.
  var fromInput: [Double]
  /// (gates x hidden, hidden).
  var fromHidden: [Double]
  var inputBias: [Double]
  var hiddenBias: [Double]
  /// Which block of rows serves as which gate: of the weights of the input, of those of the
  /// hidden state, and of the two biases.
  var inputGates = [0, 1, 2, 3]
  var hiddenGates = [0, 1, 2, 3]
  var inputBiasGates = [0, 1, 2, 3]
  var hiddenBiasGates = [0, 1, 2, 3]
  var gate = Gate.sigmoid
  var output = Output.hidden
  /// h = o tanh(c), or h = o c.
  var squashesCell = true
  /// A GRU's r multiplies h before its product with the weights, not that product.
  var resetsHidden = false
  /// The sequence is read from its end; the output stays at the step that was read.
  var isReversed = false

  /// - Precondition: the input is whole.
  func apply(_ input: Field, judging: Bool) -> Field {
    let steps = input.extents[0]
    var values = [Double](repeating: 0, count: steps * hidden)
    var variances = values
    var bounds = values
    var c = [Noisy](repeating: Noisy(0), count: hidden)
    var h = c
    let sums = judging ? nil : inputSums(input)
    let order = isReversed ? Array((0..<steps).reversed()) : Array(0..<steps)
    for step in order {
      switch cell {
      case .lstm: lstm(input, sums, step, judging, &h, &c)
      case .gru: gru(input, sums, step, judging, &h)
      }
      for unit in 0..<hidden {
        let result = output == .hidden ? h[unit] : c[unit]
        values[step * hidden + unit] = result.value
        variances[step * hidden + unit] = result.variance
        bounds[step * hidden + unit] = result.bound
      }
    }
    return Field(
      extents: [steps, hidden], positions: nil, values: values,
      variances: judging ? variances : [], bounds: judging ? bounds : [])
  }

  /// The product of the input's weights with every step, (rows, steps), without its noise: for eight
  /// steps at once, each in a lane.
  ///
  /// - Returns: `nil` where the input is not of the weights' width.
  private func inputSums(_ input: Field) -> [Double]? {
    let (steps, width) = (input.extents[0], input.extents[1])
    guard width == inputs, width > 0, fromInput.count.isMultiple(of: width) else { return nil }
    var sums = [Double](repeating: 0, count: fromInput.count / width * steps)
    for first in stride(from: 0, to: steps, by: 8) {
      let count = min(8, steps - first)
      var turned = [SIMD8<Double>](repeating: .zero, count: width)
      for lane in 0..<count {
        let row = (first + lane) * width
        for place in 0..<width { turned[place][lane] = input.values[row + place] }
      }
      for row in 0..<fromInput.count / width {
        var sum = SIMD8<Double>.zero
        for place in 0..<width { sum += turned[place] * fromInput[row * width + place] }
        for lane in 0..<count { sums[row * steps + first + lane] = sum[lane] }
      }
    }
    return sums
  }

  /// Adds a row of the input's weights times a step.
  @inline(__always)
  private func add(
    to sum: inout GateSum, row: Int, _ input: Field, _ sums: [Double]?, step: Int, _ judging: Bool
  ) {
    if let sums {
      sum.add(sums[row * input.extents[0] + step])
    } else {
      sum.add(fromInput, row, input, step: step, judging)
    }
  }

  /// c = f c + i g, h = o tanh(c).
  private func lstm(
    _ input: Field, _ sums: [Double]?, _ step: Int, _ judging: Bool, _ h: inout [Noisy],
    _ c: inout [Noisy]
  ) {
    let gates = (0..<4 * hidden).map { index -> Noisy in
      let (block, row) = (index / hidden, index % hidden)
      // Both biases are added up first, and rounded once, as part of the sum.
      var sum = GateSum(
        inputBias[inputBiasGates[block] * hidden + row]
          + hiddenBias[hiddenBiasGates[block] * hidden + row])
      add(
        to: &sum, row: inputGates[block] * hidden + row, input, sums, step: step, judging)
      sum.add(fromHidden, hiddenGates[block] * hidden + row, h, judging)
      return sum.rounded
    }
    for unit in 0..<hidden {
      let i = open(gates[unit])
      let f = open(gates[hidden + unit])
      let g = Noisy.tanh(gates[2 * hidden + unit])
      let o = open(gates[3 * hidden + unit])
      c[unit] = f.times(c[unit]).plus(i.times(g))
      h[unit] = o.times(squashesCell ? Noisy.tanh(c[unit]) : c[unit])
    }
  }

  /// n = tanh(x + r (W h + b)), h = (1 - z) n + z h.
  private func gru(
    _ input: Field, _ sums: [Double]?, _ step: Int, _ judging: Bool, _ h: inout [Noisy]
  ) {
    func gate(_ block: Int, _ row: Int) -> Noisy {
      var sum = GateSum(
        inputBias[inputBiasGates[block] * hidden + row]
          + hiddenBias[hiddenBiasGates[block] * hidden + row])
      add(
        to: &sum, row: inputGates[block] * hidden + row, input, sums, step: step, judging)
      sum.add(fromHidden, hiddenGates[block] * hidden + row, h, judging)
      return open(sum.rounded)
    }
    let r = (0..<hidden).map { gate(0, $0) }
    let z = (0..<hidden).map { gate(1, $0) }
    let before = resetsHidden ? zip(r, h).map { $0.times($1) } : h
    let n = (0..<hidden).map { row -> Noisy in
      var own = GateSum(inputBias[inputBiasGates[2] * hidden + row])
      add(to: &own, row: inputGates[2] * hidden + row, input, sums, step: step, judging)
      var other = GateSum(hiddenBias[hiddenBiasGates[2] * hidden + row])
      other.add(fromHidden, hiddenGates[2] * hidden + row, before, judging)
      let part = resetsHidden ? other.rounded : r[row].times(other.rounded)
      return Noisy.tanh(own.rounded.plus(part, rounds: true))
    }
    for unit in 0..<hidden { h[unit] = z[unit].mixing(h[unit], n[unit]) }
  }

  private func open(_ x: Noisy) -> Noisy {
    switch gate {
    case .sigmoid: Noisy.sigmoid(x)
    case .hardKeras: Noisy.clipped(x, slope: 0.2)
    case .hardTorch: Noisy.clipped(x, slope: 1.0 / 6)
    }
  }
}

/// A sum of products under way: its value, the sizes of its terms, and the noise that it is given.
private struct GateSum {
  private var value: Double
  private var magnitude: Double
  private var variance = 0.0
  private var bound = 0.0

  init(_ bias: Double) {
    value = bias
    magnitude = abs(bias)
  }

  /// A part of the sum that was added up elsewhere, without its noise.
  mutating func add(_ part: Double) { value += part }

  /// The row of a matrix times one step of a sequence.
  @inline(__always)
  mutating func add(
    _ weights: [Double], _ row: Int, _ input: Field, step: Int, _ judging: Bool
  ) {
    let inputs = input.extents[1]
    let (own, first) = (row * inputs, step * inputs)
    let noisy = judging && !input.isExact
    for place in 0..<inputs {
      let weight = weights[own + place]
      let product = weight * input.values[first + place]
      value += product
      if judging { magnitude += abs(product) }
      if noisy {
        variance += weight * weight * input.variances[first + place]
        bound += abs(weight) * input.bounds[first + place]
      }
    }
  }

  /// The row of a matrix times a hidden state.
  @inline(__always)
  mutating func add(_ weights: [Double], _ row: Int, _ h: [Noisy], _ judging: Bool) {
    let own = row * h.count
    for place in h.indices {
      let weight = weights[own + place]
      let product = weight * h[place].value
      value += product
      if judging {
        magnitude += abs(product)
        variance += weight * weight * h[place].variance
        bound += abs(weight) * h[place].bound
      }
    }
  }

  var rounded: Noisy {
    .sum(value, magnitude: magnitude, variance: variance, bound: bound)
  }
}
