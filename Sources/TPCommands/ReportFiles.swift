internal import TPBytes

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// Reports beside the one on stdout: files, and what a workflow of GitHub Actions reads.
enum ReportFiles {
  /// The most bytes of an earlier run's report.
  private static let mostBytes = 64 << 20
  /// GitHub takes no larger summary of a step, whoever wrote it.
  private static let mostSummary = 1 << 20

  /// Refuses before any work what could not be written after it.
  static func check(_ paths: [String?], replacing: Bool) throws(PortError) {
    for path in paths {
      if let path { try AtomicFile.check(path: path, replacing: replacing) }
    }
  }

  /// What an earlier run printed with `--json`.
  static func earlier(_ path: String) throws(PortError) -> JSONValue {
    do throws(PortError) {
      let file = try SharedBytes(path: path)
      guard file.count <= mostBytes else {
        throw PortError(.limit, "a report has at most \(mostBytes) bytes, this \(file.count)")
      }
      return try JSONValue(parsing: file.bytes)
    } catch {
      throw error.in(file: path)
    }
  }

  /// Writes a report whole or not at all.
  static func write(_ text: String, to path: String, replacing: Bool) throws(PortError) {
    var file = try AtomicFile(path: path, replacing: replacing)
    try file.write(Array(text.utf8))
    try file.commit()
  }

  /// Tells a workflow of GitHub Actions, where this is one; the runner reads stderr too, and stdout
  /// may hold JSON.
  static func annotate(_ lines: [String]) {
    guard environment("GITHUB_ACTIONS") == "true" else { return }
    for line in lines { complain(line) }
  }

  /// Adds Markdown to the summary of a step, where there is one.
  ///
  /// - Returns: a sentence where that could not be done.
  static func summarise(_ text: String) -> [String] {
    guard let path = environment("GITHUB_STEP_SUMMARY"), !path.isEmpty,
      let problem = append(text, to: path)
    else { return [] }
    return ["nothing was added to GITHUB_STEP_SUMMARY: \(problem)"]
  }

  private static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// Why nothing was added; `nil` where it was.
  private static func append(_ text: String, to path: String) -> String? {
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return systemMessage(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return systemMessage(errno) }
    guard Int(status.st_size) + text.utf8.count <= mostSummary else {
      return "GitHub takes at most \(mostSummary) bytes of a step"
    }
    return emit(text, to: descriptor) ? nil : systemMessage(errno)
  }
}
