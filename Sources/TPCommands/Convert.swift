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
    discussion: """
      Every bit of every tensor is kept unless asked otherwise, and the same input gives the same \
      bytes. The output appears whole or not at all. Of several files each is converted whatever comes \
      of the others; the exit status is 2 where one could not be, else 1 or 3 where one does not agree \
      with the golden.

      Example:
        torchport convert best.pth -o model.h5
        torchport convert best.pth -o model.safetensors --force
        torchport convert best.pth -o model.safetensors --verify best.npz
        torchport convert model.safetensors -o model.pth
        torchport convert best.pth -o best.h5 --keep optimizer,scheduler,history
        torchport convert other.pth -o other.h5 --architecture none
        torchport convert other.pth -o other.h5 --map names.json --dry-run
        torchport convert best.pth -o small.safetensors --dtype int8 --fold-batch-norm
        torchport convert best.pth -o small.safetensors --precision-budget --verify best.npz
        torchport convert run/*.pth --output-directory weights --format h5
        torchport convert best.pth -o model.weights.h5 --layout keras
      """)

  @Argument(help: "PyTorch checkpoints, or any files of weights that torchport reads.")
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
      valueName: "golden"))
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
        json: report.json(file: job.input), warnings: report.plan.warnings)
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
    return try VerifyingGolden(path: verify, threads: threads)
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
    return Outcome(status: gravest ?? .done, text: summary.text, json: summary.json)
  }
}

extension ConversionReport {
  /// The status of a conversion: that of the verdict where there is one.
  fileprivate var status: Status {
    state == .refused ? verification.map { Status($0.parity.verdict) } ?? .failed : .done
  }
}
