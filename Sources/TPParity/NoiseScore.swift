/// How far values lie from the truth, in units of what honest float32 rounding does to each.
///
/// z = (value - truth) / noise, where 0/0 counts as 0. A value that is not finite where honest float32
/// would be, a difference where the noise is 0, and a noise that is itself beyond float32 are infinitely
/// far.
public struct NoiseScore: Hashable, Sendable {
  /// The line for the largest |z|.
  public static let maxLine = 24.0

  /// The line for the root of the mean of z squared, over `count` values.
  public static func rmsLine(count: Int) -> Double {
    2 * (1 + 4 / Double(Swift.max(count, 1)).squareRoot())
  }

  /// How many values were compared.
  public private(set) var count = 0
  /// The largest |z|.
  public private(set) var max = 0.0
  /// The largest |value - truth|, in the unit of the activation.
  public private(set) var maxError = 0.0
  private var sumOfSquares = 0.0

  /// Nothing compared yet.
  public init() {}

  /// What cannot be compared at all, for example because its shape is wrong.
  static func incomparable(count: Int) -> NoiseScore {
    var score = NoiseScore()
    score.count = count
    score.max = .infinity
    score.maxError = .infinity
    score.sumOfSquares = .infinity
    return score
  }

  /// The root of the mean of z squared; 0 where nothing was compared.
  public var rms: Double {
    count == 0 ? 0 : (sumOfSquares / Double(count)).squareRoot()
  }

  /// Whether either number is over its line.
  public var isOver: Bool {
    max > NoiseScore.maxLine || rms > NoiseScore.rmsLine(count: count)
  }

  /// Compares one value.
  @inline(__always)
  package mutating func add(_ value: Double, truth: Double, noise: Float) {
    count += 1
    if value == truth { return }
    let difference = abs(value - truth)
    guard difference.isFinite else {
      if NoiseScore.isExpected(value, truth: truth, noise: noise) { return }
      max = .infinity
      maxError = .infinity
      sumOfSquares = .infinity
      return
    }
    let z = noise > 0 && noise.isFinite ? difference / Double(noise) : .infinity
    if difference > maxError { maxError = difference }
    if z > max { max = z }
    sumOfSquares += z * z
  }

  /// Whether honest float32 may well give this value, which is not finite: the truth is no number
  /// either, or lies beyond float32, or terms of its sum do.
  static func isExpected(_ value: Double, truth: Double, noise: Float) -> Bool {
    if value.isFinite { return false }
    if value.isNaN && truth.isNaN { return true }
    let largest = Double(Float.greatestFiniteMagnitude)
    // Of a sum the noise is 2^-24 of the root of its terms' squares, and that is at most some 2^8 times
    // smaller than what they add up to on the way: that much noise tells of sums that may overflow.
    return (value == .infinity && truth > largest) || (value == -.infinity && truth < -largest)
      || Double(noise) > largest * 0x1p-32
  }

  /// The score of both together.
  package mutating func add(_ other: NoiseScore) {
    count += other.count
    max = Swift.max(max, other.max)
    maxError = Swift.max(maxError, other.maxError)
    sumOfSquares += other.sumOfSquares
  }
}
