internal import TPModels

/// What a clip shows.
public struct Classification: Hashable, Sendable {
  /// The index of the most probable class, the first of several; as in PyTorch, NaN is larger than
  /// all.
  public let index: Int
  /// Its name; `nil` where the weight file names none.
  public let className: String?
  /// The probability of each class, in index order; NaN where the logits are not numbers.
  public let probabilities: [Float]
  /// What the probabilities were made of.
  public let logits: [Float]

  package init(logits: [Float], classes: [String]?, areProbabilities: Bool) {
    self.logits = logits
    probabilities = areProbabilities ? logits : softmax(logits)
    var best = 0
    for place in logits.indices.dropFirst() where !logits[best].isNaN {
      if logits[place] > logits[best] || logits[place].isNaN { best = place }
    }
    index = best
    className = classes?[best]
  }
}
