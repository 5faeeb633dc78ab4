internal import TPBytes
public import TPCheckpoints
public import TPModels

extension ModelFacts {
  /// What the file says of its architecture.
  public var statedArchitecture: Architecture.Statement {
    Architecture.Statement(name: architecture, description: architectureDescription)
  }

  /// A sentence where an architecture that was asked for is not the one that the file describes.
  ///
  /// - Parameter chosen: what was asked for; `nil` where nothing was.
  public func overrideWarning(_ chosen: Architecture?) -> String? {
    guard let chosen, architectureDescription != nil else { return nil }
    guard let own = try? Architecture.stated(statedArchitecture) else {
      return "the file's own description of its network cannot be used; the one that was given is"
    }
    if own == chosen || own.foldingBatchNorm() == chosen { return nil }
    return "the file describes its network, \(printable(own.name, limit: 60)), in another way than"
      + " \(printable(chosen.name, limit: 60)), which was given and is used"
  }

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
