public import TPBytes
public import TPCheckpoints

/// What a conversion did, or would do.
public struct ConversionReport: Sendable {
  /// What was planned, and then done.
  public let plan: ConversionPlan
  /// The path of the weight file.
  public let output: String
  /// Its format.
  public let format: WeightFormat
  /// Its size in bytes; `nil` where nothing was written because only the plan was asked for.
  public private(set) var byteCount: Int?

  /// What would be done.
  init(plan: ConversionPlan, output: String, format: WeightFormat, byteCount: Int? = nil) {
    self.plan = plan
    self.output = output
    self.format = format
    self.byteCount = byteCount
  }
}

extension ConversionPlan {
  /// Writes the weight file, whole or not at all.
  ///
  /// - Throws: `PortError` naming the output; it is then what it was before.
  public func write(
    to path: String, format: WeightFormat, replacing: Bool
  ) throws(PortError) -> ConversionReport {
    let count = try CheckpointFile.write(contents, format: format, to: path, replacing: replacing)
    return ConversionReport(plan: self, output: path, format: format, byteCount: count)
  }
}
