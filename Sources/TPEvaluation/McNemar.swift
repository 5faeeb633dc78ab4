#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// McNemar's test (Psychometrika 12, 1947) of whether two models are right equally often, from the
/// clips on which one of them is right and the other is not; two-sided.
public struct McNemar: Hashable, Sendable {
  /// How the probability was found.
  public enum Method: String, Hashable, Sendable {
    /// The binomial distribution itself, of fewer than 25 such clips.
    case exact
    /// Chi-square with one degree of freedom and Edwards' continuity correction.
    case chiSquared = "chi_squared"
  }

  /// From how many such clips on the approximation is used.
  public static let fewest = 25

  /// The clips that only the first model has right.
  public let onlyFirst: Int
  /// Those that only the second has right.
  public let onlySecond: Int
  /// How the probability was found.
  public let method: Method
  /// max(0, |b - c| - 1)^2 / (b + c); `nil` where the test is exact.
  public let statistic: Double?
  /// How probable so unequal numbers, or more unequal ones, are of models that are equally good.
  public let probability: Double

  /// - Precondition: neither number is negative.
  public init(onlyFirst: Int, onlySecond: Int) {
    precondition(onlyFirst >= 0 && onlySecond >= 0)
    self.onlyFirst = onlyFirst
    self.onlySecond = onlySecond
    let count = onlyFirst + onlySecond
    guard count >= McNemar.fewest else {
      // Whole numbers below 2^53: nothing is rounded but the quotient, and that by a power of 2.
      var (term, sum) = (1.0, 0.0)
      for successes in 0...min(onlyFirst, onlySecond) {
        sum += term
        term = term * Double(count - successes) / Double(successes + 1)
      }
      method = .exact
      statistic = nil
      probability = min(1, 2 * sum / Double(1 << count))
      return
    }
    let difference = Double(max(0, abs(onlyFirst - onlySecond) - 1))
    let statistic = difference * difference / Double(count)
    method = .chiSquared
    self.statistic = statistic
    // The upper tail of chi-square with one degree of freedom.
    probability = erfc((statistic / 2).squareRoot())
  }
}
