#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

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

  /// A sum of products, and what its own roundings add to the noise that its terms have.
  ///
  /// - Parameters:
  ///   - magnitude: the sum of the terms' sizes; 0.5 u of it is taken for the standard deviation, and
  ///     8 u for the most that one layer may be off.
  ///   - variance: what the terms' noise adds up to.
  ///   - bound: what the terms' bounds add up to.
  @inline(__always)
  static func sum(
    _ value: Double, magnitude: Double, variance: Double, bound: Double
  ) -> Noisy {
    let own = 0.5 * roundingUnit * magnitude
    return Noisy(
      value, variance: variance + own * own, bound: bound + 8 * roundingUnit * magnitude)
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

  /// - Parameter rounds: whether the variance counts the rounding of the sum.
  func plus(_ other: Noisy, rounds: Bool = false) -> Noisy {
    let own = roundingUnit * abs(value + other.value)
    return Noisy(
      value + other.value, variance: variance + other.variance + (rounds ? own * own : 0),
      bound: bound + other.bound + 8 * own)
  }

  /// (1 - z) n + z h with this as z, which others compute as n + z (h - n): the roundings of both are
  /// counted.
  func mixing(_ h: Noisy, _ n: Noisy) -> Noisy {
    let distance = h.value - n.value
    let rest = 1 - value
    let result = n.value + value * distance
    let moved = value * distance
    let terms = [moved, moved, rest * n.value, value * h.value, result]
    return Noisy(
      result,
      variance: rest * rest * n.variance + value * value * h.variance
        + distance * distance * variance
        + roundingUnit * roundingUnit * terms.reduce(0) { $0 + $1 * $1 },
      bound: abs(rest) * n.bound + abs(value) * h.bound + abs(distance) * bound
        + 8 * roundingUnit * terms.reduce(0) { $0 + abs($1) })
  }
}
