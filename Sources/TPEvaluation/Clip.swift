/// One or several clips as a model takes them.
public struct Clip: Hashable, Sendable {
  /// (N, ...) row-major, meant to lie in [0, 1].
  public let values: [Float]
  /// N.
  public let count: Int
  /// The extents of one clip.
  public let extents: [Int]
  /// What is odd about the clip, as clauses; it can be run all the same.
  public private(set) var warnings: [String]
  /// How it was made of a recording; `nil` where it was prepared elsewhere.
  public internal(set) var preparation: ClipPreparation?

  /// Clips of these values, which are looked through for what is odd about them.
  ///
  /// - Precondition: as many values as `count` clips of these extents have.
  public init(values: [Float], count: Int, extents: [Int]) {
    precondition(values.count == extents.reduce(count, *))
    self.values = values
    self.count = count
    self.extents = extents
    warnings = Clip.warnings(values)
  }

  mutating func add(warning: String) { warnings.append(warning) }

  /// What to say about values that a model was not trained on.
  private static func warnings(_ values: [Float]) -> [String] {
    var (low, high) = (Float.infinity, -Float.infinity)
    var (outside, odd) = (0, 0)
    for value in values {
      guard value.isFinite else {
        odd += 1
        continue
      }
      if value < 0 || value > 1 { outside += 1 }
      low = min(low, value)
      high = max(high, value)
    }
    var warnings: [String] = []
    if odd > 0 { warnings.append("\(odd) of the \(values.count) values are not finite") }
    if outside > 0 {
      let advice = high > 2 && high <= 255 && low >= 0 ? "; were they divided by 255?" : ""
      warnings.append(
        "\(outside) of the \(values.count) values lie outside of [0, 1], from \(low) to \(high)"
          + advice)
    }
    return warnings
  }
}
