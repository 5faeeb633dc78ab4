/// How many of a number of clips something is true of.
public struct Proportion: Hashable, Sendable {
  /// The two ends of an interval, each from 0 to 1.
  public struct Interval: Hashable, Sendable {
    /// The lower end.
    public var low: Double
    /// The upper end.
    public var high: Double
  }

  /// Of how many it is true.
  public let count: Int
  /// Of how many at all.
  public let total: Int

  /// - Precondition: `count` is from 0 to `total`.
  public init(_ count: Int, of total: Int) {
    precondition((0...max(total, 0)).contains(count))
    self.count = count
    self.total = total
  }

  /// The share, from 0 to 1; `nil` of none.
  public var share: Double? { total == 0 ? nil : Double(count) / Double(total) }

  /// The 97.5 % point of the normal distribution.
  private static let point = 1.959963984540054

  /// The 95 % score interval of E. B. Wilson (Journal of the American Statistical Association 22,
  /// 1927): (k + z^2/2 -+ z sqrt(k (n - k) / n + z^2/4)) / (n + z^2). It holds for few clips, and for
  /// none or all of them, where the interval share -+ z sqrt(p (1 - p) / n) does not. `nil` of none.
  public var interval: Interval? {
    guard total > 0 else { return nil }
    let (k, n) = (Double(count), Double(total))
    let square = Proportion.point * Proportion.point
    let centre = (k + square / 2) / (n + square)
    let half = Proportion.point * (k * (n - k) / n + square / 4).squareRoot() / (n + square)
    return Interval(
      low: count == 0 ? 0 : max(0, centre - half), high: count == total ? 1 : min(1, centre + half))
  }
}
