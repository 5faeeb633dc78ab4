public import TPBytes
public import TPCheckpoints

/// One file to be converted: from where, to where, and how.
public struct ConversionJob: Sendable {
  /// The path of the checkpoint.
  public var input: String
  /// The path of the weight file.
  public var output: String
  /// Its format.
  public var format: WeightFormat
  /// What happens to the tensors.
  public var options: ConversionOptions
  /// Whether an existing output may be replaced.
  public var replacing = false
  /// Whether nothing is written: the report is then of what would be.
  public var isDryRun = false

  /// What the written file must agree with before it appears.
  public var golden: VerifyingGolden?

  /// A file to be converted.
  public init(input: String, output: String, format: WeightFormat, options: ConversionOptions) {
    self.input = input
    self.output = output
    self.format = format
    self.options = options
  }

  /// Opens, plans, and writes whole or not at all.
  ///
  /// - Throws: `PortError` that names the file which is at fault; the output is then what it was.
  public func run(limits: ReadLimits = ReadLimits()) throws(PortError) -> ConversionReport {
    try AtomicFile.check(path: output, replacing: replacing)
    let checkpoint = try CheckpointFile.open(path: input, limits: limits)
    let plan: ConversionPlan
    do throws(PortError) {
      plan = try ConversionPlan(
        checkpoint, sourceName: Self.baseName(input), options: options, limits: limits)
    } catch {
      throw error.in(file: input)
    }
    if golden != nil, plan.architecture == nil {
      throw PortError(
        .usage, "without an architecture nothing can be held against a golden", file: input,
        remedy: "name one with --architecture")
    }
    if isDryRun { return plan.report(output, format, .planned, nil, nil) }
    return try plan.write(
      to: output, format: format, replacing: replacing, verifying: golden)
  }

  /// The last component of a path.
  static func baseName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
