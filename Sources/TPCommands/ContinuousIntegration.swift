internal import ArgumentParser
internal import TPBytes
internal import TPReports

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// What `verify` leaves for continuous integration.
struct ContinuousIntegration: ParsableArguments {
  @Option(
    help: ArgumentHelp("Write the result as JUnit XML, too.", valueName: "file"),
    completion: .report("xml"))
  var junit: String?

  @Option(
    help: ArgumentHelp(
      "Fail where an error grew since an earlier run.",
      discussion: "What `verify --json` printed then.", valueName: "previous.json"),
    completion: .json)
  var atLeastAsGoodAs: String?

  @OptionGroup var reports: ReportOptions

  /// Refuses before any work what could not be written after it, and reads the earlier run.
  func prepare() throws(PortError) -> ParityBaseline? {
    try reports.check([junit])
    guard let path = atLeastAsGoodAs else { return nil }
    return try ParityBaseline(file: path, json: try ReportFiles.earlier(path))
  }

  /// Writes the files, and what a workflow of GitHub Actions reads.
  ///
  /// - Returns: sentences about what GitHub could not be told.
  func write(_ summary: VerifySummary) throws(PortError) -> [String] {
    if let junit {
      try ReportFiles.write(
        JUnit.document(summary, time: Int(time(nil))), to: junit, replacing: reports.force)
    }
    let text = summary.markdown
    ReportFiles.annotate(GitHubAnnotations.lines(summary))
    return try reports.write(markdown: text, html: summary.html)
  }
}
