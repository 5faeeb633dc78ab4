internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPConversion
internal import TPModels
internal import TPParity
internal import TPReports

/// `torchport convert FILE -o OUT`
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a checkpoint's weights as safetensors, HDF5, PyTorch or NumPy files.",
    discussion: guide.discussion)

  @Argument(
    help: "PyTorch checkpoints, or any files of weights that torchport reads.",
    completion: .checkpoint)
  var files: [String]

  @OptionGroup var target: ConversionTarget
  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var hdf5: HDF5Options
  @OptionGroup var mapping: MapOption
  @OptionGroup var precision: PrecisionOptions
  @OptionGroup var keeping: KeepOption

  @Option(
    help: ArgumentHelp(
      "Write only what agrees with a recorded run: the finished file is judged before it appears.",
      valueName: "golden"), completion: .arrays)
  var verify: String?

  @OptionGroup var reading: ReadingOptions
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    try target.validate(files: files)
    try precision.validate(hasGolden: verify != nil)
  }

  func run() throws {
    try printing.report("convert") { () throws(PortError) in
      let format = try target.weightFormat()
      var job = ConversionJob(
        input: files.first ?? "", output: target.output ?? "", format: format,
        options: try options(format))
      job.replacing = target.force
      job.isDryRun = target.dryRun
      if let folder = target.outputDirectory { return try convertAll(into: folder, like: job) }
      // What cannot be written is told before the golden is read.
      try AtomicFile.check(path: job.output, replacing: job.replacing)
      job.golden = try golden(threads: processorCount())
      precision.apply(golden: job.golden, to: &job.options)
      let report = try job.run(limits: reading.limits)
      return Outcome(
        status: report.status, text: report.text(file: job.input),
        json: report.json(file: job.input),
        warnings: report.plan.warnings + reading.warnings(paths: [verify].compactMap { $0 }))
    }
  }

  /// What happens to the tensors; each group of options adds what is its own.
  private func options(_ format: WeightFormat) throws(PortError) -> ConversionOptions {
    var options = ConversionOptions(architecture: try architecture.choice())
    try hdf5.apply(to: &options, format, output: target.output)
    try mapping.apply(to: &options)
    try precision.apply(to: &options)
    try keeping.apply(to: &options)
    return options
  }

  private func golden(threads: Int) throws(PortError) -> VerifyingGolden? {
    guard let verify else { return nil }
    return try VerifyingGolden(path: verify, threads: threads, limits: reading.limits)
  }

  private func convertAll(
    into folder: String, like job: ConversionJob
  ) throws(PortError) -> Outcome {
    var job = job
    // The processors are busy with one file each.
    job.golden = try golden(threads: 1)
    precision.apply(golden: job.golden, to: &job.options)
    let batch = try ConversionBatch(files, into: folder, like: job)
    if !job.isDryRun { try target.makeFolder(folder) }
    let line = ProgressLine()
    let total = files.count
    let results = batch.run(threads: processorCount(), limits: reading.limits) { done, last in
      line.show("\(done) of \(total) done, the last \(printable(last.job.input, limit: 50))")
    }
    line.remove()
    let statuses = results.map { result in
      switch result.outcome {
      case .success(let report): report.status
      // An ambiguous file is no wrong call for the others.
      case .failure: Status.failed
      }
    }
    let summary = ConversionBatchReport(
      folder: folder, format: job.format, results: results, statuses: statuses.map(\.rawValue))
    let gravest = [Status.failed, .different, .undecided].first { statuses.contains($0) }
    return Outcome(
      status: gravest ?? .done, text: summary.text, json: summary.json,
      warnings: reading.warnings(paths: [verify].compactMap { $0 }))
  }
}

extension ConversionReport {
  /// The status of a conversion: that of the verdict where there is one.
  fileprivate var status: Status {
    state == .refused ? verification.map { Status($0.parity.verdict) } ?? .failed : .done
  }
}
