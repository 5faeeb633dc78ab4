/// Whether a model is right as often as its probabilities say.
public struct Calibration: Hashable, Sendable {
  /// The clips whose highest probability lies in an interval.
  public struct Bin: Hashable, Sendable {
    /// How many clips.
    public var clips = 0
    /// How many of them the model has right.
    public var right = 0
    /// The mean of their highest probabilities; `nil` of none.
    public var confidence: Double?
  }

  /// How many intervals of one width there are between 0 and 1.
  public static let binCount = 15

  /// Bin m has the probabilities over m / 15 and up to (m + 1) / 15.
  public let bins: [Bin]
  /// The expected calibration error: the sum over the bins of (clips / all clips) |right / clips -
  /// confidence|. C. Guo, G. Pleiss, Y. Sun, K. Weinberger, On Calibration of Modern Neural Networks,
  /// ICML 2017, equation 3. NaN where a confidence is, or without clips.
  public let error: Double

  /// Sorts clips into bins.
  init(_ outcomes: [ClipOutcome]) {
    var bins = Array(repeating: Bin(), count: Calibration.binCount)
    var sums = Array(repeating: 0.0, count: Calibration.binCount)
    var isKnown = !outcomes.isEmpty
    for outcome in outcomes {
      guard !outcome.confidence.isNaN else {
        isKnown = false
        continue
      }
      let count = Double(Calibration.binCount)
      let place =
        (0..<Calibration.binCount - 1).first { outcome.confidence <= Double($0 + 1) / count }
        ?? Calibration.binCount - 1
      bins[place].clips += 1
      if outcome.isRight { bins[place].right += 1 }
      sums[place] += outcome.confidence
    }
    var error = 0.0
    for place in bins.indices where bins[place].clips > 0 {
      let clips = Double(bins[place].clips)
      bins[place].confidence = sums[place] / clips
      error += abs(Double(bins[place].right) - sums[place]) / Double(outcomes.count)
    }
    self.bins = bins
    self.error = isKnown ? error : .nan
  }
}
