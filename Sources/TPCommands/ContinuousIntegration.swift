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
  @Option(help: ArgumentHelp("Write the result as JUnit XML, too.", valueName: "file"))
  var junit: String?

  @Option(
    help: ArgumentHelp(
      "Write the report as Markdown, too.",
      discussion: "Where GITHUB_STEP_SUMMARY is set, it is added to that file in any case.",
      valueName: "file"))
  var markdown: String?

  @Option(
    help: ArgumentHelp(
      "Fail where an error grew since an earlier run.",
      discussion: "What `verify --json` printed then.", valueName: "previous.json"))
  var atLeastAsGoodAs: String?

  @Flag(help: "Replace the JUnit and Markdown files where they exist.")
  var force = false

  /// The most bytes of an earlier run's report.
  private static let mostBytes = 64 << 20

  /// Refuses before any work what could not be written after it, and reads the earlier run.
  func prepare() throws(PortError) -> ParityBaseline? {
    for path in [junit, markdown] {
      if let path { try AtomicFile.check(path: path, replacing: force) }
    }
    guard let path = atLeastAsGoodAs else { return nil }
    let json: JSONValue
    do throws(PortError) {
      let file = try SharedBytes(path: path)
      guard file.count <= Self.mostBytes else {
        throw PortError(.limit, "a report has at most \(Self.mostBytes) bytes, this \(file.count)")
      }
      json = try JSONValue(parsing: file.bytes)
    } catch {
      throw error.in(file: path)
    }
    return try ParityBaseline(file: path, json: json)
  }

  /// Writes the files, and what a workflow of GitHub Actions reads.
  ///
  /// - Returns: sentences about what GitHub could not be told.
  func write(_ summary: VerifySummary) throws(PortError) -> [String] {
    if let junit {
      try write(JUnit.document(summary, time: Int(time(nil))), to: junit)
    }
    if let markdown { try write(summary.markdown, to: markdown) }
    var warnings: [String] = []
    if let path = environment("GITHUB_STEP_SUMMARY"), !path.isEmpty,
      let problem = append(summary.markdown, to: path)
    {
      warnings.append("nothing was added to GITHUB_STEP_SUMMARY: \(problem)")
    }
    if environment("GITHUB_ACTIONS") == "true" {
      // The runner reads both streams; stdout may hold JSON.
      for line in GitHubAnnotations.lines(summary) { complain(line) }
    }
    return warnings
  }

  private func write(_ text: String, to path: String) throws(PortError) {
    var file = try AtomicFile(path: path, replacing: force)
    try file.write(Array(text.utf8))
    try file.commit()
  }

  private func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// GitHub takes no larger summary of a step, whoever wrote it.
  private static let mostSummary = 1 << 20

  /// Why nothing was added; `nil` where it was.
  private func append(_ text: String, to path: String) -> String? {
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return systemMessage(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return systemMessage(errno) }
    guard Int(status.st_size) + text.utf8.count <= Self.mostSummary else {
      return "GitHub takes at most \(Self.mostSummary) bytes of a step"
    }
    return emit(text, to: descriptor) ? nil : systemMessage(errno)
  }
}
