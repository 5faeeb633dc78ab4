internal import ArgumentParser
internal import TPBytes

/// `--markdown FILE` and `--force`, for commands whose report a workflow keeps.
struct MarkdownOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write the report as Markdown, too.",
      discussion: "Where GITHUB_STEP_SUMMARY is set, it is added to that file in any case.",
      valueName: "file"), completion: .report("md"))
  var markdown: String?

  @Flag(help: .force)
  var force = false

  /// Writes the file that was asked for, and what a workflow of GitHub Actions shows of the step.
  ///
  /// - Returns: sentences about what GitHub could not be told.
  func write(_ text: String) throws(PortError) -> [String] {
    if let markdown { try ReportFiles.write(text, to: markdown, replacing: force) }
    return ReportFiles.summarise(text)
  }
}
