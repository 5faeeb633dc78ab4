internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPComparison
internal import TPConversion
internal import TPEvaluation
internal import TPModels
internal import TPParity
internal import TPReports
internal import TPTensors

/// `torchport diff A B`
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what separates two checkpoints, tensor by tensor.",
    discussion: guide.discussion)

  @Argument(help: "The checkpoint to compare from.", completion: .checkpoint)
  var a: String

  @Argument(help: "The checkpoint to compare with it.", completion: .checkpoint)
  var b: String

  @Option(
    help: .repeatable("Run both networks on the clips of a golden.", valueName: "golden"),
    completion: .arrays)
  var golden: [String] = []

  @Option(
    help: .repeatable(
      "Run both networks on the labelled clips of a dataset, as `evaluate` reads it.",
      valueName: "dataset"),
    completion: .file(extensions: ["npz", "h5", "pt", "safetensors", "csv"]))
  var clips: [String] = []

  @OptionGroup var names: OnlyOption

  @Option(
    help: ArgumentHelp(
      "The order of the tensors: \(listed(Self.orders)).", valueName: "order"),
    completion: .list(Self.orders))
  var sort: String?

  @Option(help: ArgumentHelp("Tell of at most so many tensors.", valueName: "n"))
  var top: Int?

  @Flag(help: "Only status, norms, largest difference and cosine of each tensor.")
  var quick = false

  @Flag(help: "The largest singular values of each tensor, too; takes far longer.")
  var singularValues = false

  @Flag(
    name: [.customLong("digest"), .customLong("digests")],
    help: ArgumentHelp(
      "The digests of models beyond \(DiffOptions.digestedBytes >> 20) MiB, too.",
      discussion: "Hashing takes longer than all the rest."))
  var digests = false

  @Option(
    help: .repeatable(
      "Exit with 1 only where one of these holds: "
        + listed(DiffRule.Name.allCases.map { $0.rawValue + ($0.takesNumber ? ">X" : "") }) + ".",
      valueName: "rule,..."),
    completion: .list(DiffRule.Name.allCases.map { $0.rawValue + ($0.takesNumber ? ">" : "") }))
  var failOn: [String] = []

  @OptionGroup var reports: ReportOptions
  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let top, top < 1 {
      throw ValidationError("--top takes a number of at least 1, not \(top)")
    }
    if let sort, DiffReport.Order(rawValue: sort) == nil {
      throw ValidationError(wrongWord(sort, for: "--sort", Self.orders).description)
    }
  }

  private static let orders = DiffReport.Order.allCases.map(\.rawValue)

  func run() throws {
    try output.report("diff") { () throws(PortError) in
      var rules: [DiffRule] = []
      for text in failOn { rules += try DiffRule.parse(text) }
      try check(rules)
      try reports.check()
      let left = try CheckpointFile.open(path: a, limits: reading.limits)
      let right = try CheckpointFile.open(path: b, limits: reading.limits)
      let progress = ProgressLine()
      defer { progress.remove() }
      var options = DiffOptions(isQuick: quick, wantsSingularValues: singularValues)
      options.wantsDigests = digests
      var difference = try CheckpointDifference(left, right, files: (a, b), options: options) {
        progress.show("compared \($0) of \($1) tensors")
      }
      difference.derivation = derivation(left, right, difference)
      let behaviours = try behaviours(left, right, progress)
      difference.behaviours = behaviours.map(\.change)
      if rules.contains(where: { $0.name == .accuracyDrop }),
        difference.behaviours.allSatisfy({ $0.right == nil })
      {
        throw PortError(
          .usage, "the rule accuracy-drop needs clips with labels, and none has them",
          remedy: "give --clips with a dataset that has a class for each clip")
      }
      var report = DiffReport(a: a, b: b, difference: difference)
      report.only = names.glob
      report.order = sort.flatMap { DiffReport.Order(rawValue: $0) } ?? .file
      report.top = top
      report.clipNames = behaviours.map(\.names)
      report.width = terminalWidth()
      report.hold(rules)
      progress.remove()
      let unfit = names.warnings(difference.tensors.lazy.map(\.name))
      let warnings = try reports.write(markdown: report.markdown, html: report.html) + unfit
      return Outcome(
        status: status(report), text: report.text, json: report.json,
        warnings: reading.warnings((a, left), (b, right)) + reading.warnings(paths: golden + clips)
          + warnings)
    }
  }

  /// A rule whose figures nobody makes would never fire.
  private func check(_ rules: [DiffRule]) throws(PortError) {
    let hasClips = !golden.isEmpty || !clips.isEmpty
    for rule in rules {
      if !hasClips, [.flips, .drift, .accuracyDrop].contains(rule.name) {
        throw PortError(
          .usage, "the rule \(rule.name.rawValue) needs clips to predict",
          remedy: "give --golden or --clips")
      }
      if quick, rule.name == .frozen {
        throw PortError(
          .usage, "the rule frozen needs the optimizers, which --quick leaves away",
          remedy: "leave --quick away")
      }
    }
  }

  private func status(_ report: DiffReport) -> Status {
    let difference = report.difference
    guard difference.comparedAny else { return .undecided }
    if !failOn.isEmpty {
      return report.verdicts.contains { $0.evidence != nil } ? .different : .done
    }
    return difference.isIdentical ? .done : .different
  }

  /// Whether one file says that it was made from the other and all that it declares is so.
  private func derivation(
    _ left: Checkpoint, _ right: Checkpoint, _ difference: CheckpointDifference
  ) -> CheckpointDifference.Derivation? {
    guard !difference.isIdentical, !quick else { return nil }
    for (made, source, name) in [(right, left, "b"), (left, right, "a")] {
      let facts = ModelFacts(made)
      guard facts.sourceDigest != nil, ModelFacts(source).sourceDigest == nil,
        let choice = try? architecture.choice()
      else { continue }
      let network: Architecture? = if case .named(let own) = choice { own } else { nil }
      guard
        let proof = try? FileProof(
          path: name == "b" ? b : a, architecture: network, source: name == "b" ? a : b,
          limits: reading.limits), proof.verdict == .holds, let found = proof.source, found.holds,
        !found.rows.isEmpty
      else { continue }
      let isExact =
        !facts.isLossy && facts.batchNorm != "folded" && !facts.hasSummedBiases
      return .init(made: name, reason: found.reason, isExact: isExact)
    }
    return nil
  }

  private func behaviours(
    _ left: Checkpoint, _ right: Checkpoint, _ progress: ProgressLine
  ) throws(PortError) -> [(change: BehaviourChange, names: [String]?)] {
    if golden.isEmpty, clips.isEmpty { return [] }
    let network = try architecture.network()
    let first = try model(left, network, a)
    let second = try model(right, network, b)
    var changes: [(change: BehaviourChange, names: [String]?)] = []
    for path in golden {
      let recorded = try Golden.open(path: path, limits: reading.limits)
      do throws(PortError) {
        let change = try BehaviourChange(
          first, second, golden: recorded, source: path, threads: processorCount()
        ) { progress.show("ran both on \($0) of \($1) clips") }
        changes.append((change, recorded.provenance?.clips))
      } catch {
        throw error.in(file: path)
      }
    }
    for path in clips {
      let labelled = try LabelledClips.open(
        path: path, names: LabelledClips.Names(), extents: first.architecture.input,
        classes: Evaluator.classes(first), limits: reading.limits
      ) { first.architecture.taking($0) != nil }
      do throws(PortError) {
        let change = try BehaviourChange(
          first, second, clips: labelled, source: path, threads: processorCount(),
          limits: reading.limits
        ) { progress.show("ran both on \($0) of \($1) clips") }
        changes.append((change, labelled.names))
      } catch {
        throw error.in(file: path)
      }
    }
    return changes
  }

  private func model(
    _ checkpoint: Checkpoint, _ network: Architecture?, _ file: String
  ) throws(PortError) -> LoadedModel {
    do throws(PortError) {
      return try LoadedModel(checkpoint, architecture: network, limits: reading.limits)
    } catch {
      throw error.in(file: file)
    }
  }
}
