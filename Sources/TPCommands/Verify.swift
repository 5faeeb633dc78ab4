internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPParity
internal import TPReports

/// `torchport verify WEIGHTS --golden GOLDEN`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prove that the network in Swift computes what PyTorch recorded.",
    discussion: """
      Every recorded activation, PyTorch's and ours, is judged against a float64 truth in units of \
      the rounding noise; there is no tolerance to set. Exit status 0 means parity holds, 1 broken, \
      3 that nothing recorded could be compared.

      Example:
        torchport verify model.safetensors --golden best.npz
      """)

  @Argument(help: "A checkpoint or a weight file.")
  var weights: String

  @Option(help: "A recorded run: .npz, .pt, .safetensors or .h5 (docs/golden.md).")
  var golden: String

  @Flag(help: "Also judge each layer from the golden's record of its input, with what it adds.")
  var ledger = false

  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try output.report("verify") { () throws(PortError) in
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
      return Outcome(
        status: Status(parity.verdict), text: report.text, json: report.json,
        warnings: reading.warnings((weights, model.checkpoint)))
    }
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
}
