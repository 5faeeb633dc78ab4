public import TPTensors

/// What became of one tensor between two checkpoints.
public struct TensorDifference: Sendable {
  /// The verdict, by bits first; the raw value stands in JSON.
  public enum Status: String, Hashable, Sendable, CaseIterable {
    /// Every bit is the same.
    case identical
    /// Equal values whose bits differ: the sign of a zero, or the payload of a NaN.
    case equalValues = "equal_values"
    /// Some value differs.
    case changed
    /// The shapes differ.
    case shape
    /// The types of the elements differ.
    case dtype
    /// The second has the same elements under another name, and has not this one.
    case renamed
    /// Only the second has it.
    case added
    /// Only the first has it.
    case removed
  }

  /// One side's type and shape.
  public struct Side: Hashable, Sendable {
    /// The type of the elements.
    public var dtype: DType
    /// The extents.
    public var shape: Shape
  }

  /// What a type has to do with another.
  public enum Cast: String, Hashable, Sendable {
    /// Every value is the same.
    case exact
    /// Every value of the second is that of the first, rounded once to nearest, ties to even.
    case rounded
    /// The same the other way about: the first is the rounding of the second.
    case widened
  }

  /// The name that both sides have; of what was renamed that of the first.
  public var name: String
  /// What became of it.
  public var status: Status
  /// The first checkpoint's side; `nil` where it does not have it.
  public var a: Side?
  /// The second checkpoint's side; `nil` where it does not have it.
  public var b: Side?
  /// How far the two lie apart, where both are real numbers of one shape and type.
  public var measures: TensorMeasures?
  /// The name in the second, of what was renamed.
  public var newName: String?
  /// Whether several tensors have the same elements, so that another pairing would do as well.
  public var isAmbiguous = false
  /// What the two have to do with each other, where their types differ; `nil` where nothing that is
  /// known here.
  public var cast: Cast?
  /// How many elements of the second are not a number.
  public var nanInB = 0

  /// Whether the second has infinities where the first has none; known where both were measured.
  public var isInfiniteInB: Bool {
    guard let measures else { return false }
    if let details = measures.details { return details.b.infinite > details.a.infinite }
    return measures.normB == .infinity && measures.normA.isFinite && measures.maxAbs == .infinity
  }

  /// A tensor's fate.
  init(name: String, status: Status, a: Side?, b: Side?) {
    self.name = name
    self.status = status
    self.a = a
    self.b = b
  }
}
