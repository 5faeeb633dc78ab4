internal import ArgumentParser
internal import TPBytes

/// `--html FILE`, `--markdown FILE` and `--force`, for commands whose report is kept or sent around.
struct ReportOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write the report as one self-contained HTML page, too.", valueName: "file"),
    completion: .report("html"))
  var html: String?

  @OptionGroup var texts: MarkdownOption

  /// The file of the Markdown.
  var markdown: String? { texts.markdown }
  /// Whether files of reports are replaced where they exist.
  var force: Bool { texts.force }

  /// Refuses before any work what could not be written after it.
  func check(_ others: [String?] = []) throws(PortError) {
    try ReportFiles.check(others + [html, markdown], replacing: force)
  }

  /// Writes the files that were asked for, and what a workflow of GitHub Actions shows of the step.
  ///
  /// - Returns: sentences about what GitHub could not be told.
  func write(
    markdown text: String, html page: @autoclosure () -> String
  ) throws(PortError) -> [String] {
    if let html { try ReportFiles.write(page(), to: html, replacing: force) }
    return try texts.write(text)
  }
}
