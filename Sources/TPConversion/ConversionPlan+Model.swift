public import TPBytes
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
