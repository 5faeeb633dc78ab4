internal import ArgumentParser
internal import TPBytes
internal import TPReports
internal import TPScanning

/// `torchport scan FILE...`
struct Scan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what opening files in Python would run; nothing is executed.",
    usage: "torchport scan [<options>] <files> ...",
    discussion: guide.discussion)

  @Argument(help: "Files of any format, or folders of them.", completion: .file())
  var files: [String]

  @Option(
    help: ArgumentHelp("Write the findings as SARIF 2.1.0, too.", valueName: "file"),
    completion: .report("sarif"))
  var sarif: String?

  @Flag(help: .force)
  var force = false

  @OptionGroup var settings: LimitsOption
  @OptionGroup var output: OutputOptions

  func run() throws {
    try output.report("scan") { () throws(PortError) in
      try ReportFiles.check([sarif], replacing: force)
      let result = Scanner.scan(paths: files, limits: settings.limits)
      if let sarif {
        try ReportFiles.write(
          SARIF.document(result).text(.indented) + "\n", to: sarif, replacing: force)
      }
      let summary = ScanSummary(result)
      return Outcome(status: Status(result.verdict), text: summary.text, json: summary.json)
    }
  }
}

extension Status {
  /// The status of a scan.
  init(_ verdict: ScanReport.Verdict) {
    switch verdict {
    case .clean: self = .done
    case .suspicious, .dangerous: self = .different
    case .unreadable: self = .failed
    }
  }
}
