#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// Half the distance from 1 to the next float32: the largest relative error of one rounding.
let unit = 0x1p-24

/// A number and the variance of its rounding noise; for a function, also its derivative.
struct Noisy {
  let value: Double
  var variance: Double = 0
  var derivative: Double = 0
  /// A function's result is rounded as a number of at least this size.
  var leastSize: Double = 0

  init(
    _ value: Double, variance: Double = 0, derivative: Double = 0, leastSize: Double = 0
  ) {
    self.value = value
    self.variance = variance
    self.derivative = derivative
    self.leastSize = leastSize
  }

  /// Some engines compute 1/2 + r(x) with a fraction r, and end that at an x of 18: what is near to 0
  /// is then as exact as what is near to 1/2, not more.
  static func sigmoid(_ x: Double) -> Noisy {
    let value = 1 / (1 + exp(-x))
    return Noisy(value, derivative: value * (1 - value), leastSize: 0.5)
  }

  static func tanh(_ x: Double) -> Noisy {
    #if canImport(Glibc)
      let value = Glibc.tanh(x)
    #elseif canImport(Musl)
      let value = Musl.tanh(x)
    #else
      let value = Darwin.tanh(x)
    #endif
    return Noisy(value, derivative: 1 - value * value)
  }

  /// The noise of a function's result: that of its argument times the derivative, and one rounding.
  func after(_ input: Double) -> Noisy {
    let own = unit * max(abs(value), leastSize)
    return Noisy(value, variance: derivative * derivative * input + own * own)
  }

  /// A product, with one rounding.
  func times(_ other: Noisy) -> Noisy {
    let product = value * other.value
    let own = unit * product
    return Noisy(
      product,
      variance: value * value * other.variance + other.value * other.value * variance + own * own)
  }
}

/// e^x.
func exponential(_ x: Double) -> Double { exp(x) }
/// ln x.
func naturalLogarithm(_ x: Double) -> Double { log(x) }
