#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// Where an axis is marked: at round numbers that cover all of its values.
package struct Ticks: Sendable, Equatable {
  /// The marks, from low to high; at least two.
  package let values: [Double]
  /// Their texts.
  package let texts: [String]
  /// Whether equal distances are equal ratios.
  package let isLogarithmic: Bool

  init(values: [Double], texts: [String], isLogarithmic: Bool) {
    self.values = values
    self.texts = texts
    self.isLogarithmic = isLogarithmic
  }

  /// Marks at 1, 2 or 5 times a power of ten, about `count` of them.
  ///
  /// - Parameters: the smallest and the largest value; where they are no interval one is made. What is
  ///   beyond 1e300 lies at the end of the axis.
  package init(linear low: Double, _ high: Double, count: Int = 5) {
    isLogarithmic = false
    // A mark that became infinite, or a step that became 0, would have no next one.
    var (low, high) = (
      low.isFinite ? min(max(low, -1e300), 1e300) : 0,
      high.isFinite ? min(max(high, -1e300), 1e300) : 1
    )
    if low > high { (low, high) = (high, low) }
    if low == high {
      let margin = low == 0 ? 1 : max(abs(low) / 2, 1e-300)
      (low, high) = (low - (low == 0 ? 0 : margin), high + margin)
    }
    let rough = (high / 2 - low / 2) / Double(max(count, 2) - 1) * 2
    let power = pow(10, max(floor(log10(rough)), -300))
    let unit = rough / power
    let step = (unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10) * power
    let first = floor(low / step + 1e-9)
    let last = ceil(high / step - 1e-9)
    let places = Array(stride(from: first, through: max(last, first + 1), by: 1))
    values = places.map { $0 * step }
    let decimals = max(0, -Int(floor(log10(step) + 1e-9)))
    let isPlain = decimals <= 6 && high < 1e7
    texts = values.map { isPlain ? fixed($0 == 0 ? 0 : $0, decimals) : significant($0) }
  }

  /// Marks at powers of ten, at most `count` of them; where there would be hardly any, at 1, 2 and 5
  /// times a power of ten.
  ///
  /// - Parameters: the smallest and the largest value, both above 0.
  package init(logarithmic low: Double, _ high: Double, count: Int = 6) {
    isLogarithmic = true
    let isRange = low > 0 && low.isFinite && high.isFinite && high >= low
    if isRange, high > low, high / low < 30, let marks = Ticks.marks(low, high) {
      values = marks.map(\.value)
      texts = marks.map(\.text)
      return
    }
    // 10^-323 is the least power that is not 0, 10^308 the greatest that is not infinite.
    let first = isRange ? min(max(Int(floor(log10(low) + 1e-9)), -323), 307) : -1
    let last = max(isRange ? min(Int(ceil(log10(high) - 1e-9)), 308) : 1, first + 1)
    let step = max(1, (last - first + count - 2) / max(count - 1, 1))
    let exponents = stride(from: first, to: last + step, by: step).map { min($0, 308) }
    values = exponents.map { pow(10, Double($0)) }
    texts = exponents.map {
      (-3...4).contains($0) ? significant(pow(10, Double($0)), 5) : "1e\($0)"
    }
  }

  /// The marks at 1, 2 and 5 times a power of ten from the last below to the first above.
  private static func marks(_ low: Double, _ high: Double) -> [(value: Double, text: String)]? {
    let powers = Int(floor(log10(low)) - 1)...Int(ceil(log10(high)) + 1)
    let all = powers.flatMap { power in
      [1.0, 2, 5].map { unit -> (value: Double, text: String) in
        // Division by a power of ten is exact where the power is, a product with its inverse is not.
        let value = power < 0 ? unit / pow(10, Double(-power)) : unit * pow(10, Double(power))
        let isPlain = (-3...4).contains(power)
        return (value, isPlain ? significant(value, 5) : "\(Int(unit))e\(power)")
      }
    }
    guard let first = all.lastIndex(where: { $0.value <= low * (1 + 1e-9) }),
      let last = all.firstIndex(where: { $0.value >= high * (1 - 1e-9) }), first < last,
      all[first].value > 0, all[last].value.isFinite
    else { return nil }
    return Array(all[first...last])
  }

  /// Where a value lies, from 0 at the first mark to 1 at the last; what lies outside is moved to the
  /// end it is beyond.
  package func share(_ value: Double) -> Double {
    guard let first = values.first, let last = values.last else { return 0 }
    if value.isNaN { return 0 }
    let share =
      isLogarithmic
      ? (value <= 0 ? 0 : (log10(value) - log10(first)) / (log10(last) - log10(first)))
      : (value - first) / (last - first)
    return min(1, max(0, share))
  }
}
