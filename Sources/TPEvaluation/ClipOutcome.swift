#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// What a model made of one labelled clip.
public struct ClipOutcome: Hashable, Sendable {
  /// The clip's number, from 0.
  public let clip: Int
  /// The index of its class.
  public let label: Int
  /// The index of the class with the largest logit, the lowest of several as `torch.argmax` has it;
  /// `nil` where a probability is not a number: then nothing is predicted, and the clip counts as wrong.
  public let predicted: Int?
  /// The probability of the predicted class; NaN where nothing is predicted.
  public let confidence: Double
  /// -log of the probability of its class: infinite where that is 0, NaN where nothing is predicted.
  public let loss: Double

  /// Whether the prediction is the label.
  public var isRight: Bool { predicted == label }

  /// What logits say, in float64.
  ///
  /// - Parameters:
  ///   - logits: of each class; at least one.
  ///   - areProbabilities: whether the network ends in softmax.
  init(clip: Int, label: Int, logits: ArraySlice<Float>, areProbabilities: Bool) {
    self.clip = clip
    self.label = label
    let values = logits.map { Double($0) }
    let logs = areProbabilities ? values.map { log($0) } : ClipOutcome.logSoftmax(values)
    guard !logs.contains(where: \.isNaN), let largest = values.max() else {
      (predicted, confidence, loss) = (nil, .nan, .nan)
      return
    }
    let best = values.firstIndex(of: largest) ?? 0
    predicted = best
    confidence = areProbabilities ? values[best] : exp(logs[best])
    // 0 rather than -0 where the class is certain.
    loss = 0 - logs[label]
  }

  /// x - max - log sum exp(x - max).
  private static func logSoftmax(_ values: [Double]) -> [Double] {
    let largest = values.reduce(-Double.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
    let sum = values.reduce(0) { $0 + exp($1 - largest) }
    let logarithm = log(sum)
    return values.map { $0 - largest - logarithm }
  }
}
