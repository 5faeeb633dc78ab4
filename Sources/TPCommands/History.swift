internal import ArgumentParser
internal import TPBytes
internal import TPComparison
internal import TPReports

/// `torchport history DIR|FILE...`
struct History: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what happened over a training run, from all of its checkpoints.",
    usage: "torchport history [<options>] <files> ...",
    discussion: guide.discussion)

  @Argument(help: "Checkpoints, or folders of them.", completion: .file())
  var files: [String]

  @Option(
    help: ArgumentHelp(
      "Write every figure as a line epoch,file,level,name,quantity,value, too.",
      valueName: "file"), completion: .report("csv"))
  var csv: String?

  @OptionGroup var reports: ReportOptions
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try output.report("history") { () throws(PortError) in
      try reports.check([csv])
      let paths = RunPaths(files)
      guard !paths.files.isEmpty || !paths.failures.isEmpty else {
        throw PortError(
          .undecided, "there is no checkpoint to read", file: files.first,
          remedy: "give the folder of a training run, or its checkpoints")
      }
      let progress = ProgressLine()
      defer { progress.remove() }
      var history = RunHistory(paths: paths.files, limits: reading.limits) {
        progress.show("\($0) of \($1) steps")
      }
      history.add(failures: paths.failures)
      let report = HistoryReport(source: files.joined(separator: " "), history: history)
      if let csv {
        try ReportFiles.write(report.csv, to: csv, replacing: reports.force)
      }
      let warnings = try reports.write(markdown: report.markdown, html: report.html)
      let status: Status =
        history.failures.isEmpty ? history.isEmpty ? .undecided : .done : .failed
      return Outcome(
        status: status, text: report.text(width: terminalWidth()), json: report.json,
        warnings: reading.warnings(paths: paths.files) + warnings)
    }
  }
}
