internal import ArgumentParser
internal import TPBytes
internal import TPComparison
internal import TPReports

/// `torchport audit DIR`
struct Audit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check that a delivery of checkpoints is complete and agrees with itself.",
    discussion: guide.discussion)

  @Argument(help: "The folder of a delivery, or checkpoints.", completion: .file())
  var files: [String]

  @Option(
    help: ArgumentHelp(
      "An epoch is saved every so many; 0 where that is not so.", valueName: "epochs"))
  var every = 5

  @Option(
    help: ArgumentHelp(
      "An epoch is saved when the validation accuracy grows by so many points; inf where that is not so.",
      valueName: "points"))
  var improvement = 0.3

  @Option(
    help: ArgumentHelp(
      "Write the SHA-256 of every file as sha256sum -c reads it.", valueName: "file"),
    completion: .file())
  var writeManifest: String?

  @Option(
    help: ArgumentHelp(
      "Hold every file against its SHA-256 in a manifest, ours or sha256sum's.", valueName: "file"),
    completion: .file())
  var checkManifest: String?

  @Option(
    help: ArgumentHelp(
      "Fail where a figure is not the expected one of a JSON object, written by hand (docs/commands/audit.md).",
      valueName: "summary.json"), completion: .json)
  var expect: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Count the classes of datasets: CSV files with a column class or label.", valueName: "csv"),
    completion: .report("csv"))
  var manifest: [String] = []

  @Option(help: ArgumentHelp("The name of the column of classes in --manifest.", valueName: "name"))
  var classColumn: String?

  @OptionGroup var reports: ReportOptions
  @OptionGroup var settings: LimitsOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard every >= 0 else {
      throw ValidationError("--every takes a number of at least 0, not \(every)")
    }
    guard improvement >= 0 else {
      throw ValidationError("--improvement takes a number of at least 0, not \(improvement)")
    }
  }

  func run() throws {
    try output.report("audit") { () throws(PortError) in
      try reports.check([writeManifest])
      var expected: ExpectedRun?
      if let expect {
        let json = try ReportFiles.earlier(expect)
        do throws(PortError) {
          expected = try ExpectedRun(json: json)
        } catch {
          throw error.in(file: expect)
        }
      }
      let audit = try look(expected)
      if let writeManifest {
        try ReportFiles.write(
          try audit.manifest(at: writeManifest).text, to: writeManifest,
          replacing: reports.force)
      }
      let report = AuditReport(source: files.joined(separator: " "), audit: audit)
      ReportFiles.annotate(GitHubAnnotations.lines(report))
      let warnings = try reports.write(markdown: report.markdown, html: report.html)
      let status: Status =
        audit.couldNotRead ? .failed : audit.count(.failed) > 0 ? .different : .done
      return Outcome(
        status: status, text: report.text(width: terminalWidth()), json: report.json,
        warnings: warnings)
    }
  }

  private func look(_ expected: ExpectedRun?) throws(PortError) -> RunAudit {
    let paths = RunPaths(files)
    guard !paths.files.isEmpty || !paths.failures.isEmpty else {
      throw PortError(
        .undecided, "there is no checkpoint to check", file: files.first,
        remedy: "give the folder of a training run, or its checkpoints")
    }
    var rule = RunAudit.Rule()
    rule.every = every
    rule.improvement = improvement
    let progress = ProgressLine()
    defer { progress.remove() }
    var audit = RunAudit(
      paths: paths.files, passedOver: paths.passedOver, failures: paths.failures, rule: rule,
      limits: settings.limits
    ) {
      progress.show("\($0) of \(paths.files.count) files")
    }
    if let checkManifest { audit.add(try audit.check(manifest: checkManifest)) }
    if let expected { audit.add(audit.check(expected)) }
    if !manifest.isEmpty {
      audit.count(datasets: manifest, column: classColumn, limits: settings.limits)
    }
    return audit
  }
}
