/// What a batch norm added to the rounding noise before it was folded into its layer.
///
/// The norm's float32 arithmetic rounds a x, a mean and the difference of beta and a mean, which
/// may be far larger than the bias that is left of them. An output that was computed with the norm
/// apart can only be judged knowing them. With a = gamma / sqrt(running_var + eps):
public struct FoldedNoise: Hashable, Sendable {
  /// a running_mean, for each channel.
  public var mean: [Float]
  /// beta - a running_mean, for each channel.
  public var shift: [Float]

  /// Numbers for each channel; three digits are enough.
  public init(mean: [Float], shift: [Float]) {
    self.mean = mean
    self.shift = shift
  }

  /// The layer's own bias times a, from what its bias is with the norm in it.
  func ownBias(_ folded: [Float]) -> [Float] {
    zip(folded, shift).map { $0 - $1 }
  }
}
