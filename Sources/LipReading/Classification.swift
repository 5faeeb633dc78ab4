internal import TPModels

/// What a clip shows.
public struct Classification: Hashable, Sendable {
  /// The index of the most probable class.
  public let index: Int
  /// Its name; `nil` where the weight file names none.
  public let className: String?
  /// The probability of each class, in index order; NaN where the logits are not numbers.
  public let probabilities: [Float]
  /// What the probabilities were made of.
  public let logits: [Float]

  init(logits: [Float], classes: [String]?, areProbabilities: Bool) {
    self.logits = logits
    probabilities = areProbabilities ? logits : softmax(logits)
    var best = 0
    for place in logits.indices where logits[place] > logits[best] { best = place }
    index = best
    className = classes?[best]
  }
}
