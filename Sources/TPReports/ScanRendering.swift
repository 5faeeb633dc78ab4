public import TPBytes
public import TPScanning

/// What `scan` tells about files.
public struct ScanSummary: Sendable {
  /// What was found.
  public var scan: FolderScan

  /// A report on scanned files.
  public init(_ scan: FolderScan) {
    self.scan = scan
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    [
      "verdict": .string(scan.verdict.rawValue),
      "findings": .array(
        scan.reports.flatMap { report in report.findings.map { finding($0, of: report) } }),
      "files": .array(scan.reports.map(file)),
      "skipped": .array(scan.skipped.map(JSONValue.string)),
    ]
  }

  private func finding(_ finding: Finding, of report: ScanReport) -> JSONValue {
    [
      "file": .string(report.file),
      "rule": .string(finding.rule.rawValue),
      "severity": .string(finding.severity.rawValue),
      "message": .string(finding.message),
      "record": finding.record.map(JSONValue.string) ?? .null,
      "offset": finding.offset.map(JSONValue.int) ?? .null,
    ]
  }

  private func file(_ report: ScanReport) -> JSONValue {
    [
      "file": .string(report.file),
      "verdict": .string(report.verdict.rawValue),
      "pickles": .int(report.pickles),
      "omitted_findings": .int(report.omittedFindings),
      "globals": .array(report.globals.map(global)),
    ]
  }

  private func global(_ global: ScanReport.Global) -> JSONValue {
    [
      "module": .string(global.module),
      "name": .string(global.name),
      "standing": .string(global.standing.rawValue),
      "called_by": global.calledBy.map(JSONValue.string) ?? .null,
      "record": global.record.map(JSONValue.string) ?? .null,
      "offset": .int(global.offset),
    ]
  }

  /// The report for a terminal: a line per file and one per finding.
  public var text: String {
    var text = ""
    for report in scan.reports {
      text += "\(printable(report.file)): \(report.verdict.rawValue)"
      if report.pickles > 0 {
        let strangers = report.globals.count { $0.standing != .known }
        text += "  (\(counted(report.pickles, "pickle")), \(counted(report.globals.count, "name"))"
        text += strangers > 0 ? ", \(grouped(strangers)) not known to be needed)" : ")"
      }
      text += "\n"
      for finding in report.findings {
        text += "  \(finding.severity.rawValue): \(printable(finding.message, limit: 600))"
        var places: [String] = []
        if let record = finding.record { places.append("record \(printable(record, limit: 120))") }
        if let offset = finding.offset { places.append("byte \(offset)") }
        if !places.isEmpty { text += " (\(places.joined(separator: ", ")))" }
        text += "\n"
      }
      if report.omittedFindings > 0 {
        text += "  … \(counted(report.omittedFindings, "more finding"))\n"
      }
    }
    if scan.reports.count != 1 || !scan.skipped.isEmpty { text += summary }
    return text
  }

  private var summary: String {
    var parts = [counted(scan.reports.count, "file")]
    for verdict in [ScanReport.Verdict.clean, .suspicious, .dangerous, .unreadable] {
      let count = scan.reports.count { $0.verdict == verdict }
      if count > 0 { parts.append("\(grouped(count)) \(verdict.rawValue)") }
    }
    if !scan.skipped.isEmpty {
      parts.append("\(grouped(scan.skipped.count)) of other kinds not looked at")
    }
    return parts.joined(separator: ", ") + "\n"
  }
}
