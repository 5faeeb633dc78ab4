internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPConversion
internal import TPModels
internal import TPParity
internal import TPReports

/// `torchport verify WEIGHTS [--golden GOLDEN | --source ORIGINAL]`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prove what a file states of itself, or that its network computes what PyTorch did.",
    discussion: guide.discussion)

  @Argument(help: "A checkpoint or a weight file.", completion: .checkpoint)
  var weights: String

  @Option(
    help: .repeatable(
      "A recorded run: .npz, .pt, .safetensors or .h5 (docs/golden.md).", valueName: "golden"),
    completion: .arrays)
  var golden: [String] = []

  @Option(
    help: ArgumentHelp("What the weights were made from.", valueName: "original"),
    completion: .checkpoint)
  var source: String?

  @Flag(help: "Also judge each layer from the golden's record of its input, with what it adds.")
  var ledger = false

  @Flag(help: "Count how many known faults, injected one at a time, the golden would catch.")
  var auditGolden = false

  @Flag(help: "Do not look for the fault where a golden is over the line.")
  var noDiagnosis = false

  @Flag(name: .shortAndLong, help: "Print the figures of every activation where all holds, too.")
  var verbose = false

  @OptionGroup var integration: ContinuousIntegration
  @OptionGroup var architecture: NetworkOption
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !golden.isEmpty, source != nil {
      throw ValidationError("Give --golden or --source; they are different questions.")
    }
    guard golden.isEmpty else { return }
    for (isGiven, name) in [
      (ledger, "--ledger"), (auditGolden, "--audit-golden"), (noDiagnosis, "--no-diagnosis"),
      (verbose, "--verbose"), (integration.junit != nil, "--junit"),
      (integration.reports.markdown != nil, "--markdown"),
      (integration.reports.html != nil, "--html"),
      (integration.atLeastAsGoodAs != nil, "--at-least-as-good-as"),
    ] where isGiven {
      throw ValidationError("\(name) needs a recorded run: give --golden, too.")
    }
  }

  func run() throws {
    try output.report("verify") { () throws(PortError) in
      if !golden.isEmpty { return try judge() }
      let proof = try FileProof(
        path: weights, architecture: architecture.network(), source: source,
        limits: reading.limits)
      return Outcome(
        status: Status(proof.verdict), text: proof.text(file: weights),
        json: proof.json(file: weights),
        warnings: reading.warnings(paths: [source].compactMap { $0 }))
    }
  }

  /// All goldens, going on after one that cannot be read.
  private func judge() throws(PortError) -> Outcome {
    let baseline = try integration.prepare()
    let model = try LoadedModel.open(
      path: weights, architecture: architecture.network(), limits: reading.limits)
    let clock = ContinuousClock()
    var entries: [VerifySummary.Entry] = []
    for path in golden {
      let begin = clock.now
      let outcome: Result<VerifyReport, PortError>
      let status: Status
      do throws(PortError) {
        let report = try judge(path, model)
        (outcome, status) = (.success(report), Status(report.parity.verdict))
      } catch {
        // What one golden cannot be used for is no wrong call for the others.
        (outcome, status) = (.failure(error), error.kind == .undecided ? .undecided : .failed)
      }
      let parts = (clock.now - begin).components
      entries.append(
        VerifySummary.Entry(
          golden: path, outcome: outcome, status: status.rawValue,
          seconds: Double(parts.seconds) + Double(parts.attoseconds) * 1e-18))
    }
    var summary = VerifySummary(weights: weights, entries: entries)
    summary.comparison = baseline?.comparison(entries.compactMap(\.report))
    let warnings = try integration.write(summary)
    // The one golden that could not be read is the command's own failure.
    if entries.count == 1, case .failure(let error) = entries[0].outcome { throw error }
    return Outcome(
      status: status(summary), text: summary.text(verbose: verbose), json: summary.json,
      warnings: reading.warnings((weights, model.checkpoint)) + reading.warnings(paths: golden)
        + warnings)
  }

  private func judge(_ path: String, _ model: LoadedModel) throws(PortError) -> VerifyReport {
    let recorded = try Golden.open(path: path, limits: reading.limits)
    do throws(PortError) {
      let parity = try Parity.verify(
        weights: model, golden: recorded, threads: processorCount(), diagnosing: !noDiagnosis)
      var report = VerifyReport(
        weights: weights, golden: path, architecture: model.architecture.name,
        classes: model.facts.classes ?? recorded.provenance?.classes, parity: parity)
      report.showsLedger = ledger
      if auditGolden, parity.verdict == .holds {
        report.audit = try Parity.audit(
          weights: model, golden: recorded, threads: processorCount())
      }
      return report
    } catch {
      throw error.in(file: path)
    }
  }

  /// The worst: what could not be read, then what is broken or grew, then what cannot be decided.
  private func status(_ summary: VerifySummary) -> Status {
    var found = Set(summary.entries.map(\.status))
    if let comparison = summary.comparison {
      if comparison.isWorse { found.insert(Status.different.rawValue) }
      if !comparison.isDecided { found.insert(Status.undecided.rawValue) }
    }
    return [.failed, .different, .undecided].first { found.contains($0.rawValue) } ?? .done
  }
}

extension Status {
  /// The status of a verdict.
  init(_ verdict: ParityReport.Verdict) {
    switch verdict {
    case .holds: self = .done
    case .broken, .goldenSuspect: self = .different
    case .undecided: self = .undecided
    }
  }

  /// The status of a proof.
  init(_ verdict: FileProof.Verdict) {
    switch verdict {
    case .holds: self = .done
    case .broken: self = .different
    case .undecided: self = .undecided
    }
  }
}
