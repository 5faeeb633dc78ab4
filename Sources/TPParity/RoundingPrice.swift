public import TPCheckpoints

/// What storing weights in fewer digits, or with their batch norms folded, does to what the network
/// says: apart from the parity of the arithmetic, which takes the stored weights as they are.
public struct RoundingPrice: Hashable, Sendable {
  /// What the original's logits are taken from; the raw value stands in JSON.
  public enum Reference: String, Hashable, Sendable {
    /// The original weights, evaluated in float64.
    case original
    /// The golden's record, because the original weights are not at hand.
    case golden
  }

  /// Through which types the numbers went.
  public var precision: StoredPrecision
  /// Whether the batch norms were folded.
  public var isFolded: Bool
  /// What `drift` is measured from.
  public var reference: Reference
  /// How far the logits moved, in units of what honest float32 rounding does to them: those of the
  /// stored weights in float64 against the reference. Below 1 the price is lost in the noise.
  public var drift: NoiseScore
  /// What is predicted for each clip before and after.
  public var predictions: [PredictionParity]
  /// Whether a prediction can flip; `nil` where nothing is predicted.
  public var certificate: DecisionCertificate?

  /// The clips whose prediction changed.
  public var flipped: [PredictionParity] { predictions.filter { $0.expected != $0.found } }
}
