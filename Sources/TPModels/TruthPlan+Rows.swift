// The noise of the layers that normalise rows, and of functions of one element. Rounding errors are
// independent and centred, to first order.
extension TruthPlan {
  /// A chain of n roundings is as far off as this many single ones; one where it is short.
  private func chain(_ count: Int) -> Double { max(1, Double(count) / 16) }

  /// y = (x - mean) / sqrt(var + eps) gamma + beta.
  ///
  /// With x' the normalised row, dy_i = gamma_i / sigma (dx_i - mean(dx) - x'_i mean(x' dx)). Besides
  /// the terms that a batch norm has, which allow for x / sigma - mean / sigma, the mean and the
  /// variance are rounded as sums are.
  mutating func normalise(
    count: Int, _ epsilon: Double, _ scale: [Double], _ shift: [Double]
  ) {
    let width = scale.count
    let n = Double(width)
    let long = chain(width)
    for first in stride(from: 0, to: count, by: width) {
      let row = first..<first + width
      let mean = value.current[row].reduce(0, +) / n
      let size = value.current[row].reduce(0) { $0 + abs($1) } / n
      let variance = value.current[row].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
      let deviation = (variance + epsilon).squareRoot()
      var (a, b, c) = (0.0, 0.0, 0.0)
      for index in row {
        let x = (value.current[index] - mean) / deviation
        let s = noise.current[index]
        a += s
        b += s * x
        c += s * x * x
      }
      for index in row {
        let x = (value.current[index] - mean) / deviation
        let (gamma, beta) = (scale[index - first], shift[index - first])
        let factor = gamma / deviation
        let own = noise.current[index] * (1 - 2 * (1 + x * x) / n)
        let shared = (a + 2 * x * b + x * x * c) / (n * n)
        let result = gamma * x + beta
        let terms =
          factor * factor
          * (value.current[index] * value.current[index] + mean * mean + long * size * size)
          + (1 + long) * gamma * gamma * x * x + beta * beta + result * result
        value.next[index] = result
        noise.next[index] = factor * factor * max(0, own + shared) + unit * unit * terms
      }
    }
    swap(&value.current, &value.next)
    swap(&noise.current, &noise.next)
  }

  /// y_i = e^(x_i - m) / sum, dy_i = y_i (dx_i - sum y_j dx_j); or its logarithm, of which
  /// dl_i = dx_i - sum y_j dx_j.
  ///
  /// An argument is rounded when the largest is taken from it, so that an exponential is off by as
  /// many units as its argument is large.
  mutating func softmax(count: Int, width: Int, inner: Int, logarithm: Bool) {
    let long = chain(width)
    for line in 0..<count / width {
      let first = line / inner * width * inner + line % inner
      let places = stride(from: first, to: first + width * inner, by: inner)
      let most = places.reduce(-Double.infinity) {
        value.current[$1] > $0 || value.current[$1].isNaN ? value.current[$1] : $0
      }
      var total = 0.0
      for index in places { total += exponential(value.current[index] - most) }
      var (shared, arguments) = (0.0, 0.0)
      for index in places {
        let x = value.current[index] - most
        let share = exponential(x) / total
        shared += share * share * noise.current[index]
        if x.isFinite { arguments += share * share * x * x }
      }
      for index in places {
        let x = value.current[index] - most
        let share = exponential(x) / total
        let spread = max(0, noise.current[index] * (1 - 2 * share) + shared)
        let logarithmOfSum = naturalLogarithm(total)
        let result = logarithm ? x - logarithmOfSum : share
        let argument = x.isFinite ? x * x : 0
        value.next[index] = result
        noise.next[index] =
          logarithm
          ? spread + unit * unit
            * (argument + arguments + 2 + long + logarithmOfSum * logarithmOfSum
              + (result.isFinite ? result * result : 0))
          : share * share * (spread + unit * unit * (argument + arguments + 3 + long))
      }
    }
    swap(&value.current, &value.next)
    swap(&noise.current, &noise.next)
  }

  /// A function of each element.
  mutating func apply(_ kind: Layer.Kind, count: Int) {
    for index in 0..<count {
      let x = value.current[index]
      let s = noise.current[index]
      switch kind {
      case .leakyRelu(let slope):
        // Where noise can change the sign, the steeper side is what it is multiplied by.
        let isSure = x * x > 24 * 24 * s
        let side = x > 0 ? 1 : slope
        let factor = isSure ? side * side : max(1, slope * slope)
        value.current[index] = x > 0 ? x : slope * x
        // The product is rounded, and the slope itself before.
        let own = x > 0 ? 0 : unit * slope * x
        noise.current[index] = factor * s + 2 * own * own
      case .tanh, .sigmoid:
        let result = (kind == .tanh ? Noisy.tanh(x) : Noisy.sigmoid(x)).after(s)
        value.current[index] = result.value
        noise.current[index] = result.variance
      default: return
      }
    }
  }
}
