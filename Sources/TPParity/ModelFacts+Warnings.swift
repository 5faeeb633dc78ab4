internal import TPBytes
public import TPCheckpoints
public import TPModels

extension ModelFacts {
  /// What a user should know of weights that were found in a file: models that were passed over,
  /// and classes that cannot be named.
  ///
  /// - Parameters:
  ///   - architecture: what the weights fit; `nil` where none was asked for.
  ///   - unwrapped: the weights.
  public func warnings(
    _ architecture: Architecture?, _ unwrapped: UnwrappedStateDict
  ) -> [String] {
    var warnings: [String] = []
    if let chosen = unwrapped.container, !unwrapped.alternatives.isEmpty {
      let others = unwrapped.alternatives.joined(separator: ", ")
      warnings.append("\(chosen) was taken, and what lies under \(others) fits as well")
    }
    if let classesProblem {
      warnings.append("the order of the classes is unknown: \(classesProblem)")
    }
    if let classes, let architecture, classes.count != architecture.classCount {
      warnings.append(
        "the file names \(classes.count) classes, and \(architecture.name) tells"
          + " \(architecture.classCount) apart: no class is named")
    }
    if hasSummedBiases {
      warnings.append(
        "the two biases of each LSTM were summed when the file was made: bias_ih holds the sum,"
          + " bias_hh zeros")
    }
    return warnings
  }
}
