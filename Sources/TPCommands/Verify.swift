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
    discussion: """
      Alone: checksums, digests, aliases, architecture and the rest of what the file states are held \
      against its bytes. With --source, too: every tensor is the original's, after what the file \
      declares was done to it. With --golden: every recorded activation, PyTorch's and ours, is judged \
      against a float64 truth in units of the rounding noise; there is no tolerance to set.

      Exit status 0 means that it holds, 1 that it does not, 3 that there was nothing to prove.

      Example:
        torchport verify model.safetensors
        torchport verify model.safetensors --source best.pth
        torchport verify model.safetensors --golden best.npz
      """)

  @Argument(help: "A checkpoint or a weight file.")
  var weights: String

  @Option(help: "A recorded run: .npz, .pt, .safetensors or .h5 (docs/golden.md).")
  var golden: String?

  @Option(help: ArgumentHelp("What the weights were made from.", valueName: "original"))
  var source: String?

  @Flag(help: "Also judge each layer from the golden's record of its input, with what it adds.")
  var ledger = false

  @Flag(help: "Count how many known faults, injected one at a time, the golden would catch.")
  var auditGolden = false

  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if golden != nil, source != nil {
      throw ValidationError("Give --golden or --source; they are different questions.")
    }
    if ledger, golden == nil {
      throw ValidationError("--ledger needs a recorded run: give --golden, too.")
    }
    if auditGolden, golden == nil {
      throw ValidationError("--audit-golden needs a recorded run: give --golden, too.")
    }
  }

  func run() throws {
    try output.report("verify") { () throws(PortError) in
      if let golden { return try judge(golden) }
      let proof = try FileProof(
        path: weights, architecture: architecture.network(), source: source,
        limits: reading.limits)
      return Outcome(
        status: Status(proof.verdict), text: proof.text(file: weights),
        json: proof.json(file: weights))
    }
  }

  private func judge(_ golden: String) throws(PortError) -> Outcome {
    let model = try LoadedModel.open(
      path: weights, architecture: architecture.network(), limits: reading.limits)
    let recorded = try Golden.open(path: golden)
    let parity: ParityReport
    do throws(PortError) {
      parity = try Parity.verify(weights: model, golden: recorded, threads: processorCount())
    } catch {
      throw error.in(file: golden)
    }
    var report = VerifyReport(
      weights: weights, golden: golden, architecture: model.architecture.name,
      classes: model.facts.classes ?? recorded.provenance?.classes, parity: parity)
    report.showsLedger = ledger
    if auditGolden, parity.verdict == .holds {
      do throws(PortError) {
        report.audit = try Parity.audit(
          weights: model, golden: recorded, threads: processorCount())
      } catch {
        throw error.in(file: golden)
      }
    }
    return Outcome(
      status: Status(parity.verdict), text: report.text, json: report.json,
      warnings: reading.warnings((weights, model.checkpoint)))
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
