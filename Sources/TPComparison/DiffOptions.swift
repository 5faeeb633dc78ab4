/// What is measured of two checkpoints.
public struct DiffOptions: Hashable, Sendable {
  /// Only status, norms, the largest difference and the cosine of each tensor, and no digests: about as
  /// fast as reading.
  public var isQuick = false
  /// The largest singular values of each tensor and its difference too, which costs far more than the
  /// rest.
  public var wantsSingularValues = false

  /// All but singular values.
  public init(isQuick: Bool = false, wantsSingularValues: Bool = false) {
    self.isQuick = isQuick
    self.wantsSingularValues = wantsSingularValues
  }
}
