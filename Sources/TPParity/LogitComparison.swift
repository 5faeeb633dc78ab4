/// Predictions of two runs clip by clip, and whether any can flip.
package struct LogitComparison: Sendable {
  /// One for each clip.
  package private(set) var predictions: [PredictionParity] = []
  private var margin = Double.infinity
  private var maxError = 0.0

  /// Nothing compared yet.
  package init() {}

  /// `nil` where nothing was compared.
  package var certificate: DecisionCertificate? {
    predictions.isEmpty ? nil : DecisionCertificate(margin: margin, maxError: maxError)
  }

  /// Compares the logits of one clip.
  package mutating func add(
    clip: Int, description: String?, expected: [Double], found: [Double]
  ) {
    let best = largest(expected)
    var second = -Double.infinity
    for (index, value) in expected.enumerated() where index != best {
      second = max(second, value)
    }
    let own = expected.isEmpty ? 0 : expected[best] - second
    for (recorded, value) in zip(expected, found) where recorded != value {
      let error = abs(value - recorded)
      maxError = error.isNaN ? .infinity : max(maxError, error)
    }
    margin = own.isNaN ? 0 : min(margin, own)
    predictions.append(
      PredictionParity(
        clip: clip, description: description, expected: best, found: largest(found), margin: own))
  }
}
