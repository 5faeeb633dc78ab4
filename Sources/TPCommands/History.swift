internal import ArgumentParser
internal import TPBytes
internal import TPComparison
internal import TPReports

/// `torchport history DIR|FILE...`
struct History: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what happened over a training run, from all of its checkpoints.",
    discussion: """
      The checkpoints are put in the order of the epochs that they name. Losses, accuracies, learning \
      rates, how far each layer moved from file to file, batch norms, what froze, died or became NaN \
      (docs/history.md has the definitions).

      Exit status 0 when done; 2 where a file could not be read, after a report on the others; 3 where \
      there is nothing to tell: no history, and no two epochs.

      Example:
        torchport history run/
        torchport history run/ --csv run.csv
      """)

  @Argument(help: "Checkpoints, or folders of them.")
  var files: [String]

  @Option(
    help: ArgumentHelp(
      "Write every figure as a line epoch,file,level,name,quantity,value, too.",
      valueName: "file"))
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
        warnings: warnings)
    }
  }
}
