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
    var range = ValueRange()
    _ = range.add(values)
    warnings = range.warnings
  }

  mutating func add(warning: String) { warnings.append(warning) }
}
