package import TPModels

/// What is measured of two checkpoints.
public struct DiffOptions: Hashable, Sendable {
  /// Only status, norms, the largest difference and the cosine of each tensor, and no digests: about as
  /// fast as reading.
  public var isQuick = false
  /// The largest singular values of each tensor and its difference too, which costs far more than the
  /// rest.
  public var wantsSingularValues = false
  /// The digests of models beyond `digestedBytes`, too: hashing takes longer than all the rest.
  public var wantsDigests = false
  /// Nothing but whether the bits are the same.
  var isBitsAlone = false
  /// Which instructions are used; all give the same figures.
  package var kernels = KernelVariant.best

  /// A model of at most so many bytes has its digest in any case.
  public static let digestedBytes = 256 << 20

  /// All but singular values and the digests of large models.
  public init(isQuick: Bool = false, wantsSingularValues: Bool = false) {
    self.isQuick = isQuick
    self.wantsSingularValues = wantsSingularValues
  }
}
