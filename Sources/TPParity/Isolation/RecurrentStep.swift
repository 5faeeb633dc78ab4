#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// A whole LSTM in float64, as `torch.nn.LSTM` has it or as another implementation might.
struct RecurrentStep: Sendable {
  /// What stands for sigmoid and tanh.
  enum Gate: Hashable, Sendable {
    case sigmoid
    /// Keras 2: clip(0.2 x + 0.5).
    case hardKeras
    /// `torch.nn.Hardsigmoid`: clip(x / 6 + 0.5).
    case hardTorch
  }

  /// What goes on to the next layer.
  enum Output: Hashable, Sendable { case hidden, cell }

  var inputs: Int
  var hidden: Int
  /// (4 hidden, inputs); gates i, f, g, o.
  var fromInput: [Double]
  /// (4 hidden, hidden).
  var fromHidden: [Double]
  var inputBias: [Double]
  var hiddenBias: [Double]
  /// Which block of rows serves as gates i, f, g, o: of the weights of the input, of those of the
  /// hidden state, and of the two biases.
  var inputGates = [0, 1, 2, 3]
  var hiddenGates = [0, 1, 2, 3]
  var inputBiasGates = [0, 1, 2, 3]
  var hiddenBiasGates = [0, 1, 2, 3]
  var gate = Gate.sigmoid
  var output = Output.hidden
  /// h = o tanh(c), or h = o c.
  var squashesCell = true
  /// The sequence is read from its end; the output stays at the step that was read.
  var isReversed = false

  /// - Precondition: the input is whole.
  func apply(_ input: Field, judging: Bool) -> Field {
    let steps = input.extents[0]
    let count = 4 * hidden
    var values = [Double](repeating: 0, count: steps * hidden)
    var variances = values
    var bounds = values
    var c = [Noisy](repeating: Noisy(0), count: hidden)
    var h = c
    let order = isReversed ? Array((0..<steps).reversed()) : Array(0..<steps)
    let noisy = judging && !input.isExact
    for step in order {
      var gates = [Noisy](repeating: Noisy(0), count: count)
      for index in 0..<count {
        let (block, row) = (index / hidden, index % hidden)
        let first = inputBias[inputBiasGates[block] * hidden + row]
        let second = hiddenBias[hiddenBiasGates[block] * hidden + row]
        var sum = first + second
        // Both biases are added up first, and rounded once, as part of the sum.
        var magnitude = abs(sum)
        var (variance, bound) = (0.0, 0.0)
        let own = (inputGates[block] * hidden + row) * inputs
        for place in 0..<inputs {
          let weight = fromInput[own + place]
          let product = weight * input.values[step * inputs + place]
          sum += product
          if judging { magnitude += abs(product) }
          if noisy {
            variance += weight * weight * input.variances[step * inputs + place]
            bound += abs(weight) * input.bounds[step * inputs + place]
          }
        }
        let before = (hiddenGates[block] * hidden + row) * hidden
        for place in 0..<hidden {
          let weight = fromHidden[before + place]
          let product = weight * h[place].value
          sum += product
          if judging {
            magnitude += abs(product)
            variance += weight * weight * h[place].variance
            bound += abs(weight) * h[place].bound
          }
        }
        let rounding = 0.5 * roundingUnit * magnitude
        gates[index] = Noisy(
          sum, variance: variance + rounding * rounding,
          bound: bound + 8 * roundingUnit * magnitude)
      }
      for unit in 0..<hidden {
        let i = open(gates[unit])
        let f = open(gates[hidden + unit])
        let g = Noisy.tanh(gates[2 * hidden + unit])
        let o = open(gates[3 * hidden + unit])
        c[unit] = f.times(c[unit]).plus(i.times(g))
        h[unit] = o.times(squashesCell ? Noisy.tanh(c[unit]) : c[unit])
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

  private func open(_ x: Noisy) -> Noisy {
    switch gate {
    case .sigmoid: Noisy.sigmoid(x)
    case .hardKeras: Noisy.clipped(x, slope: 0.2)
    case .hardTorch: Noisy.clipped(x, slope: 1.0 / 6)
    }
  }
}

/// A number, the variance of its rounding noise to first order, and the most that it may be off.
struct Noisy: Sendable {
  var value: Double
  var variance = 0.0
  var bound = 0.0

  init(_ value: Double, variance: Double = 0, bound: Double = 0) {
    self.value = value
    self.variance = variance
    self.bound = bound
  }

  /// The result of a function with this derivative, rounded once, as a number of at least this size.
  private init(_ value: Double, of x: Noisy, derivative: Double, leastSize: Double = 0) {
    let own = roundingUnit * max(abs(value), leastSize)
    self.init(
      value, variance: derivative * derivative * x.variance + own * own,
      bound: abs(derivative) * x.bound + 8 * own)
  }

  static func sigmoid(_ x: Noisy) -> Noisy {
    let value = 1 / (1 + exp(-x.value))
    // As exact near 0 as near 1/2, which is what engines promise that compute 1/2 + r(x).
    return Noisy(value, of: x, derivative: value * (1 - value), leastSize: 0.5)
  }

  static func clipped(_ x: Noisy, slope: Double) -> Noisy {
    let value = slope * x.value + 0.5
    return Noisy(
      min(max(value, 0), 1), of: x, derivative: value > 0 && value < 1 ? slope : 0)
  }

  static func tanh(_ x: Noisy) -> Noisy {
    #if canImport(Glibc)
      let value = Glibc.tanh(x.value)
    #elseif canImport(Musl)
      let value = Musl.tanh(x.value)
    #else
      let value = Darwin.tanh(x.value)
    #endif
    return Noisy(value, of: x, derivative: 1 - value * value)
  }

  func times(_ other: Noisy) -> Noisy {
    let product = value * other.value
    let own = roundingUnit * product
    return Noisy(
      product,
      variance: value * value * other.variance + other.value * other.value * variance + own * own,
      bound: abs(value) * other.bound + abs(other.value) * bound + 8 * abs(own))
  }

  func plus(_ other: Noisy) -> Noisy {
    Noisy(
      value + other.value, variance: variance + other.variance,
      bound: bound + other.bound + 8 * roundingUnit * abs(value + other.value))
  }
}
