internal import ArgumentParser
internal import TPBenchmarks
internal import TPBytes
internal import TPModels
internal import TPReports

/// `torchport bench CHECKPOINT`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure how fast this machine opens, converts, compares and runs a checkpoint.",
    usage: "torchport bench [<options>] <checkpoint>",
    discussion: guide.discussion)

  @Argument(help: "A checkpoint or a weight file.", completion: .checkpoint)
  var checkpoint: String

  @Option(
    help: ArgumentHelp(
      "A golden of these weights; with it, verify is timed.", valueName: "golden"),
    completion: .arrays)
  var golden: String?

  @Option(help: ArgumentHelp("Runs of each job.", valueName: "n"))
  var runs = 15

  @Option(
    help: ArgumentHelp("Numbers of clips that are run at a time.", valueName: "n,n"),
    transform: Counts.init)
  var batch = Counts([1, 8])

  @Option(help: ArgumentHelp("Numbers of threads.", valueName: "n,n"), transform: Counts.init)
  var threads = Counts([1, 2])

  @Option(
    help: .repeatable(
      "Time only the jobs whose names fit: * any characters, ? one, [a-z] one of.",
      valueName: "glob"))
  var only: [String] = []

  @Option(
    name: [.customLong("expect"), .customLong("compare")],
    help: ArgumentHelp(
      "Fail where a job became slower since an earlier run.",
      discussion: "What `bench --json` printed then.", valueName: "previous.json"),
    completion: .json)
  var compare: String?

  @OptionGroup var instructions: KernelsOption
  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...10_000).contains(runs) else {
      throw ValidationError("--runs takes a number from 1 to 10000, not \(runs)")
    }
  }

  func run() throws {
    try output.report("bench") { () throws(PortError) in
      // What cannot be compared is told before minutes are spent.
      let earlier = try compare.map { (path) throws(PortError) in
        try BenchBaseline(file: path, json: try ReportFiles.earlier(path))
      }
      var benchmark = Benchmark(checkpoint: checkpoint)
      benchmark.golden = golden
      benchmark.runs = runs
      benchmark.batches = batch.values
      benchmark.threads = threads.values
      benchmark.kernels = instructions.kernels
      if !only.isEmpty {
        let globs = only.map { Glob($0) }
        benchmark.isWanted = { name in globs.contains { $0.matches(name) } }
      }
      benchmark.limits = reading.limits
      if architecture.architecture != "none" { benchmark.architecture = try architecture.network() }
      let line = ProgressLine()
      defer { line.remove() }
      let result = try benchmark.run { done, total in
        line.show("\(done) of \(total) rounds")
      }
      let report = BenchReport(result, comparison: earlier?.comparison(result))
      return Outcome(
        status: status(report), text: report.text, json: report.json,
        warnings: reading.warnings(paths: [checkpoint] + [golden].compactMap { $0 }))
    }
  }

  private func status(_ report: BenchReport) -> Status {
    guard let comparison = report.comparison else { return .done }
    return comparison.isDecided ? (comparison.isSlower ? .different : .done) : .undecided
  }
}

/// Numbers from 1 to 64 between commas.
struct Counts {
  let values: [Int]

  init(_ values: [Int]) {
    self.values = values
  }

  init(_ text: String) throws {
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let value = Int(part), (1...64).contains(value) else {
        throw ValidationError("\(printable(text, limit: 40)) is not a list of numbers from 1 to 64")
      }
      return value
    }
  }
}
