internal import TPModels

/// Normalisation over the last axes in float64, as `torch.nn.LayerNorm` has it or as another
/// implementation might.
struct LayerNormStep: Sendable {
  /// One for each element of a row.
  var gamma: [Double]
  var beta: [Double]
  var epsilon: Double
  /// Whether the mean is taken off; without it the root of the mean square is what is divided by.
  var isCentred = true
  /// The variance is divided by n - 1.
  var isUnbiased = false
  /// eps is added to the deviation, not to the variance.
  var addsToDeviation = false

  /// The layer with the parameters that the weights have.
  init(_ norm: Layer.LayerNorm, _ layer: Layer, _ weights: BoundWeights) {
    let width = norm.shape.reduce(1, *)
    func values(_ suffix: String, missing: Double) -> [Double] {
      let given = weights[layer.key(suffix)]
      return given.isEmpty ? Array(repeating: missing, count: width) : given.map { Double($0) }
    }
    gamma = values("weight", missing: 1)
    beta = values("bias", missing: 0)
    epsilon = norm.epsilon
  }

  /// Each row by itself; its noise as docs/parity.md has it.
  ///
  /// - Precondition: the input is whole.
  func apply(_ input: Field, judging: Bool) -> Field {
    let width = gamma.count
    let n = Double(width)
    let long = max(1, n / 16)
    var result = FieldBuilder(
      extents: input.extents, isWhole: true, judging: judging, capacity: input.values.count)
    for first in stride(from: 0, to: input.values.count - width + 1, by: width) {
      let row = first..<first + width
      let values = input.values[row]
      let mean = isCentred ? values.reduce(0, +) / n : 0
      let size = values.reduce(0) { $0 + abs($1) } / n
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let variance = squares / (isUnbiased ? max(1, n - 1) : n)
      let deviation =
        addsToDeviation ? variance.squareRoot() + epsilon : (variance + epsilon).squareRoot()
      var (a, b, c) = (0.0, 0.0, 0.0)
      for index in row where judging {
        let x = (input.values[index] - mean) / deviation
        a += input.variance(index)
        b += input.variance(index) * x
        c += input.variance(index) * x * x
      }
      for index in row {
        let value = input.values[index]
        let x = (value - mean) / deviation
        let factor = gamma[index - first] / deviation
        let own = input.variance(index) * (1 - 2 * (1 + x * x) / n)
        let shared = (a + 2 * x * b + x * x * c) / (n * n)
        let scaled = gamma[index - first] * x
        let output = scaled + beta[index - first]
        let terms =
          factor * factor * (value * value + mean * mean + long * size * size)
          + (1 + long) * scaled * scaled
          + beta[index - first] * beta[index - first] + output * output
        result.add(
          index, output,
          variance: factor * factor * max(0, own + shared)
            + roundingUnit * roundingUnit * terms,
          // No worst case is known of such a layer.
          bound: Field.unknownBound)
      }
    }
    return result.field
  }
}
