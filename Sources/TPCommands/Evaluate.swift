internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPEvaluation
internal import TPModels
internal import TPParity
internal import TPReports

/// `torchport evaluate WEIGHTS DATASET`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Count how often a model is right about labelled clips.",
    discussion: guide.discussion)

  @Argument(help: "A checkpoint or a weight file.", completion: .checkpoint)
  var weights: String

  @Argument(
    help: "Labelled clips: .npz, .h5, .pt, .safetensors, a manifest, .csv, or a folder of classes.",
    completion: .file(extensions: ["npz", "h5", "pt", "safetensors", "csv"]))
  var dataset: String

  @Option(
    help: ArgumentHelp(
      "The name of the array of clips in the dataset, or of the manifest's column of paths.",
      discussion: "Without it: " + LabelledClips.clipNames.joined(separator: ", ") + "; path.",
      valueName: "name"))
  var clips: String?

  @Option(
    help: ArgumentHelp(
      "The name of the array of labels in the dataset, or of the manifest's column of labels.",
      discussion: "Without it: " + LabelledClips.labelNames.joined(separator: ", ") + "; label.",
      valueName: "name"))
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "Fail where a prediction differs from an earlier run's, or fewer are right.",
      discussion: "What `evaluate --json` printed then.", valueName: "previous.json"),
    completion: .json)
  var expect: String?

  @Option(
    help: ArgumentHelp("Evaluate these weights on the same clips, too.", valueName: "other"),
    completion: .checkpoint)
  var compare: String?

  @Flag(
    name: .shortAndLong,
    help: "Print classes and confusions with --expect and --compare, too.")
  var verbose = false

  @OptionGroup var frames: FramesOption
  @OptionGroup var reports: ReportOptions
  @OptionGroup var architecture: NetworkOption
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if expect != nil, compare != nil {
      throw ValidationError("Give --expect or --compare; they are different questions.")
    }
  }

  func run() throws {
    try output.report("evaluate") { () throws(PortError) in
      try reports.check()
      var expected: ExpectedEvaluation?
      if let expect {
        expected = try ExpectedEvaluation(file: expect, json: try ReportFiles.earlier(expect))
      }
      let report = try evaluate(expecting: expected)
      ReportFiles.annotate(GitHubAnnotations.lines(report))
      let warnings = try reports.write(markdown: report.markdown, html: report.html)
      return Outcome(
        status: status(report), text: report.text(verbose: verbose), json: report.json,
        warnings: report.warnings + warnings)
    }
  }

  private func evaluate(
    expecting expected: ExpectedEvaluation?
  ) throws(PortError) -> EvaluateReport {
    let network = try architecture.network()
    var models: [(file: String, model: LoadedModel)] = []
    for file in [weights, compare].compactMap({ $0 }) {
      models.append(
        (file, try LoadedModel.open(path: file, architecture: network, limits: reading.limits)))
    }
    let first = models[0].model
    let labelled = try LabelledClips.open(
      path: dataset, names: LabelledClips.Names(clips: clips, labels: labels),
      extents: first.architecture.input, classes: Evaluator.classes(first),
      sampling: frames.sampling, limits: reading.limits
    ) { first.architecture.taking($0) != nil }
    if let compare {
      do throws(PortError) {
        try Evaluator.check(
          models[1].model, takes: labelled.extents, like: Evaluator.classes(first))
      } catch {
        throw error.in(file: compare)
      }
    }
    let progress = ProgressLine()
    defer { progress.remove() }
    let result: Evaluator.Result
    do throws(PortError) {
      result = try Evaluator.evaluate(
        models.map(\.model), on: labelled, threads: processorCount(), limits: reading.limits
      ) { progress.show("\($0) of \(labelled.count) clips") }
    } catch {
      throw error.in(file: dataset)
    }
    let named = models.map { EvaluateReport.Weights($0.model, file: $0.file) }
    var report = EvaluateReport(
      weights: named[0], dataset: dataset, digest: result.digest,
      preparation: labelled.preparation, evaluation: result.evaluations[0],
      warnings: models.flatMap {
        $0.model.warnings + reading.warnings(($0.file, $0.model.checkpoint))
      }
        + reading.warnings(paths: [dataset]) + result.warnings)
    if named.count > 1 {
      report.other = (named[1], PairedEvaluation(result.evaluations[0], result.evaluations[1]))
    }
    report.expectation = expected?.comparison(report)
    return report
  }

  private func status(_ report: EvaluateReport) -> Status {
    if let expectation = report.expectation {
      return expectation.isWorse ? .different : expectation.isDecided ? .done : .undecided
    }
    return report.other?.paired.differing.isEmpty == false ? .different : .done
  }
}

extension EvaluateReport.Weights {
  /// Weights that were opened.
  fileprivate init(_ model: LoadedModel, file: String) {
    self.init(
      file: file, digest: model.digest.description, architecture: model.architecture.name,
      epoch: model.facts.epoch,
      recorded: RecordedAccuracy.all(in: model.checkpoint, model.facts))
  }
}
