public import TPBytes
internal import TPCheckpoints
internal import TPModels
public import TPParity
internal import TPTensors

extension ConversionPlan {
  /// The model that a reader of the written file would run.
  ///
  /// - Throws: `PortError` where there is no architecture to run, or bytes cannot be had.
  public func model(limits: ReadLimits = ReadLimits()) throws(PortError) -> LoadedModel {
    guard let architecture else {
      throw PortError(
        .usage, "without an architecture there is nothing to run",
        remedy: "leave out --architecture none")
    }
    return try LoadedModel(contents.checkpoint, architecture: architecture, limits: limits)
  }
}

/// The weights of a conversion before its steps changed numbers.
struct UnchangedWeights: Sendable {
  private let architecture: Architecture
  private let contents: WeightFile

  init?(
    _ stateDict: StateDict, _ architecture: Architecture?, _ precision: StoredPrecision,
    folded: String?
  ) {
    guard let architecture else { return nil }
    self.architecture = architecture
    var facts = ["batch_norm": architecture.isFolded ? "folded" : "separate"]
    if case .mixed = precision {
      facts["precision"] = precision.after([:], in: stateDict).fact
    } else {
      facts["precision"] = precision.fact
    }
    if architecture.isFolded { facts["folded"] = folded }
    contents = WeightFile(tensors: stateDict, facts: facts, digests: [:])
  }

  /// The model as it was.
  ///
  /// - Throws: `PortError` where bytes cannot be had, or float64 weights cannot be run.
  func model() throws(PortError) -> LoadedModel {
    try LoadedModel(contents.checkpoint, architecture: architecture)
  }
}
