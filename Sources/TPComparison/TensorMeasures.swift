/// How far two tensors of one shape and type lie apart; everything in float64.
///
/// d is b - a, and 0 where the two are equal or both NaN. A complex number is measured as its real and
/// its imaginary part, two numbers.
public struct TensorMeasures: Sendable {
  /// ||A||, the Euclidean norm of the first, finite or not.
  public var normA = 0.0
  /// ||B||.
  public var normB = 0.0
  /// ||B - A||.
  public var normDelta = 0.0
  /// The largest |d|; NaN as soon as one side is NaN where the other is not.
  public var maxAbs = 0.0
  /// The flat row-major index of the element where `maxAbs` was met first; `nil` where nothing differs.
  public var maxIndex: Int?
  /// How many elements have other bits.
  public var changedCount = 0
  /// The share of elements whose bits differ, between 0 and 1.
  public var changed = 0.0
  /// The cosine of the angle between the two; `nil` where one of the norms is zero or not finite.
  public var cosine: Double?
  /// The rest; `nil` where only status, norms and cosine were asked for.
  public var details: Details?
  /// The largest singular values of A and of B - A as (out, rest); `nil` where they were not asked for
  /// or the tensor has less than two dimensions or a value that is not finite.
  public var singularValues: SingularValues?

  /// ||B - A|| / ||A||; `nil` where ||A|| is zero.
  public var relative: Double? { normA == 0 ? nil : normDelta / normA }

  /// Nothing measured yet.
  public init() {}

  /// The largest singular values.
  public struct SingularValues: Hashable, Sendable {
    /// Of the first.
    public var a: Double
    /// Of the difference.
    public var delta: Double
  }

  /// How the differences are distributed, and what each side is like.
  public struct Details: Sendable {
    /// The mean of the finite |d|; NaN where there is none.
    public var meanAbs = Double.nan
    /// Their median, exact; between two ranks as NumPy's `linear`.
    public var medianAbs = Double.nan
    /// Their 99th percentile, likewise.
    public var p99Abs = Double.nan
    /// How many |d| are infinite or NaN, and are in none of the three.
    public var nonFinite = 0
    /// How many numbers are less than zero on one side and greater on the other.
    public var signFlips = 0
    /// How many pairs are 0, 1, 2-3, 4-7, 8-15, ... units in the last place apart, without the zeros
    /// at the end; `nil` for integers. Pairs with a NaN are in no bin; +0 and -0 are one number.
    public var ulps: [Int]?
    /// The output channels (places of the first dimension) with the largest ||d||, that first, at most
    /// eight; empty where there are less than two dimensions.
    public var channels: [Channel] = []
    /// The first side.
    public var a = Statistics()
    /// The second side.
    public var b = Statistics()
  }

  /// What the elements of one side are like.
  public struct Statistics: Hashable, Sendable {
    /// The least finite element; `nil` where there is none.
    public var minimum: Double?
    /// The greatest finite element.
    public var maximum: Double?
    /// The mean of the finite elements.
    public var mean: Double?
    /// The standard deviation of the finite elements, as of a population (division by their number).
    public var standardDeviation: Double?
    /// How many elements are not a number.
    public var nan = 0
    /// How many elements are infinite.
    public var infinite = 0
    /// How many elements are zero, of either sign.
    public var zero = 0
    /// How many elements are denormal in their own type.
    public var denormal = 0
  }

  /// What became of an output channel.
  public struct Channel: Hashable, Sendable {
    /// Its place in the first dimension.
    public var index: Int
    /// ||d|| of it.
    public var normDelta: Double
    /// ||A|| of it.
    public var normA: Double
    /// ||d|| / ||A||; `nil` where ||A|| is zero.
    public var relative: Double? { normA == 0 ? nil : normDelta / normA }
  }
}
