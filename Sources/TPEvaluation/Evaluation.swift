/// How right a model is about labelled clips.
public struct Evaluation: Hashable, Sendable {
  /// What is known of one class.
  public struct ClassResult: Hashable, Sendable {
    /// How many clips of the class were found, of how many there are.
    public let recall: Proportion
    /// How many clips that were taken for the class are of it, of how many were.
    public let precision: Proportion
  }

  /// The classes.
  public let classes: Classes
  /// One for each clip, in order.
  public let outcomes: [ClipOutcome]
  /// How many clips are right.
  public let accuracy: Proportion
  /// One for each class.
  public let perClass: [ClassResult]
  /// How many clips of the class of a row were taken for the class of a column. A clip without a
  /// prediction stands in no column.
  public let confusion: [[Int]]
  /// The mean of -log of the probability of each clip's class, in nats; infinite where one is 0, NaN
  /// where a clip has no prediction.
  public let crossEntropy: Double
  /// Whether it is right as often as it says.
  public let calibration: Calibration

  /// How many clips have no prediction, because a probability is not a number.
  public var withoutPrediction: Int { outcomes.count { $0.predicted == nil } }

  /// What a model's outputs say.
  ///
  /// - Parameters:
  ///   - classes: the classes in index order.
  ///   - labels: the index of each clip's class.
  ///   - logits: (N, classes), row-major.
  ///   - areProbabilities: whether they are probabilities already, because the network ends in
  ///     softmax.
  /// - Precondition: at least one class, as many logits as labels times classes, and every label an
  ///   index of a class.
  public init(
    classes: Classes, labels: [Int], logits: [Float], areProbabilities: Bool = false
  ) {
    let count = classes.count
    precondition(count > 0 && logits.count == labels.count * count)
    self.classes = classes
    let outcomes = labels.enumerated().map { clip, label in
      ClipOutcome(
        clip: clip, label: label, logits: logits[clip * count..<(clip + 1) * count],
        areProbabilities: areProbabilities)
    }
    var confusion = Array(repeating: Array(repeating: 0, count: count), count: count)
    for outcome in outcomes {
      if let predicted = outcome.predicted { confusion[outcome.label][predicted] += 1 }
    }
    perClass = (0..<count).map { index in
      ClassResult(
        recall: Proportion(
          confusion[index][index], of: outcomes.count { $0.label == index }),
        precision: Proportion(
          confusion[index][index], of: confusion.reduce(0) { $0 + $1[index] }))
    }
    self.confusion = confusion
    self.outcomes = outcomes
    accuracy = Proportion(outcomes.count(where: \.isRight), of: outcomes.count)
    crossEntropy =
      outcomes.isEmpty ? .nan : outcomes.reduce(0) { $0 + $1.loss } / Double(outcomes.count)
    calibration = Calibration(outcomes)
  }
}
