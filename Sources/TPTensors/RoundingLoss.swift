#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// What rounding to another type did to the elements of a tensor.
public struct RoundingLoss: Hashable, Sendable {
  /// How many elements there are.
  public var count = 0
  /// Finite elements that became infinite.
  public var overflow = 0
  /// Elements other than zero that became zero.
  public var toZero = 0
  /// Elements other than zero that became subnormal numbers of the new type, which have fewer
  /// significant digits; counted also where nothing was lost.
  public var toSubnormal = 0
  /// Elements that are not a number; they stay so.
  public var nan = 0
  /// The largest |new - old| of the finite elements; infinite where one overflowed.
  public var maxError = 0.0
  private var signal = 0.0
  private var noise = 0.0

  /// Nothing rounded yet.
  public init() {}

  /// The ratio of the sum of squares of the finite elements to that of their errors, in decibels:
  /// 10 log10(sum w² / sum (q - w)²). Infinite where there are no errors.
  public var decibels: Double {
    if noise == 0 { return .infinity }
    return 10 * log10(signal / noise)
  }

  /// Whether every element is the number that it was.
  public var isExact: Bool { noise == 0 && maxError == 0 }

  /// Takes one finite element into account.
  @inline(__always)
  mutating func add(_ old: Double, _ new: Double) {
    let error = abs(new - old)
    if error > maxError { maxError = error }
    signal += old * old
    noise += error * error
  }
}
