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

  /// The name that both sides have.
  public var name: String
  /// What became of it.
  public var status: Status
  /// The first checkpoint's side; `nil` where it does not have it.
  public var a: Side?
  /// The second checkpoint's side; `nil` where it does not have it.
  public var b: Side?
  /// How far the two lie apart, where both are real numbers of one shape and type.
  public var measures: TensorMeasures?
}
