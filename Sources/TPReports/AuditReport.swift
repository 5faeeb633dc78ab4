public import TPBytes
public import TPComparison

/// What `audit` tells about a delivery.
public struct AuditReport: Sendable {
  /// What was asked for, as the user gave it.
  public var source: String
  /// What came of it.
  public var audit: RunAudit

  /// A report on an audit.
  public init(source: String, audit: RunAudit) {
    self.source = source
    self.audit = audit
  }

  /// The most important in one line.
  public var summary: String {
    let failed = audit.checks.filter { $0.status == .failed || $0.status == .couldNot }
    var text = "\(counted(audit.files.count, "checkpoint")): "
    if failed.isEmpty {
      text += "all \(audit.count(.ok)) checks hold"
    } else {
      text +=
        "\(failed.count) of \(audit.checks.count - audit.count(.notApplicable)) checks failed: "
      text += failed.map(\.kind.title).joined(separator: "; ")
    }
    let rest = audit.count(.notApplicable)
    return rest > 0 ? text + " (\(rest) not applicable)" : text
  }

  /// The word for an answer in text.
  static func word(_ status: AuditCheck.Status) -> String {
    switch status {
    case .ok: "ok"
    case .failed: "FAILED"
    case .notApplicable: "n/a"
    case .couldNot: "COULD NOT"
    }
  }

  /// The report for a terminal of so many columns.
  public func text(width: Int = 80) -> String {
    var text = "\(printable(source)): \(summary)\n\n"
    let title = audit.checks.map(\.kind.title.count).max() ?? 0
    let word = audit.checks.map { AuditReport.word($0.status).count }.max() ?? 0
    let indent = 2 + word + 2 + title + 2
    // Where little would be left beside the titles, the evidence goes below them.
    let isBelow = max(40, width) - indent < 30
    for check in audit.checks {
      var head = "  " + padded(AuditReport.word(check.status), word) + "  "
      head += isBelow ? check.kind.title : padded(check.kind.title, title) + "  "
      let left = isBelow ? 6 : indent
      let lines = wrapped(check.evidence, width: max(40, min(width, 200)) - left)
      text += head
      if isBelow { text += "\n" + String(repeating: " ", count: left) }
      text += lines.joined(separator: "\n" + String(repeating: " ", count: left)) + "\n"
    }
    return text
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    [
      "source": .string(source),
      "summary": .string(summary),
      "checks": .array(audit.checks.map(json)),
      "counts": [
        "ok": .int(audit.count(.ok)), "failed": .int(audit.count(.failed)),
        "not_applicable": .int(audit.count(.notApplicable)),
        "could_not": .int(audit.count(.couldNot)),
      ],
      "files": .array(audit.files.map(json)),
      "passed_over": .array(audit.passedOver.map(JSONValue.string)),
      "datasets": .array(audit.datasets.map(json)),
    ]
  }

  private func json(_ check: AuditCheck) -> JSONValue {
    [
      "check": .string(check.kind.rawValue), "title": .string(check.kind.title),
      "status": .string(check.status.rawValue), "evidence": .string(check.evidence),
      "files": .array(check.files.map(JSONValue.string)),
    ]
  }

  private func json(_ file: AuditedFile) -> JSONValue {
    [
      "file": .string(file.path), "bytes": file.byteCount.map(JSONValue.int) ?? .null,
      "sha256": file.sha256.map(JSONValue.string) ?? .null,
      "epoch": file.run?.epoch.map(JSONValue.int) ?? .null,
      "digest": file.run.map { .string($0.digest) } ?? .null,
      "error": file.error.map(\.json) ?? .null,
    ]
  }

  private func json(_ dataset: DatasetCount) -> JSONValue {
    [
      "file": .string(dataset.file), "rows": .int(dataset.rows),
      "classes": .array(
        dataset.classes.map { ["class": .string($0.name), "count": .int($0.count)] }),
      "balance": dataset.balance.map(JSONValue.double) ?? .null,
    ]
  }

  /// The report as Markdown, for the summary of a step or a comment.
  public var markdown: String {
    var text = "### \(escaped(source))\n\n\(escaped(summary, limit: 2000)).\n\n"
    text += "| | check | evidence |\n|---|---|---|\n"
    for check in audit.checks {
      let word = AuditReport.word(check.status)
      let mark = check.status == .ok || check.status == .notApplicable ? word : "**\(word)**"
      text +=
        "| \(mark) | \(escaped(check.kind.title)) | \(escaped(check.evidence, limit: 2000)) |\n"
    }
    return text + "\n"
  }
}

extension GitHubAnnotations {
  /// What `audit` found: one line for each check that does not hold; at most ten.
  public static func lines(_ report: AuditReport) -> [String] {
    let found = report.audit.checks.filter { $0.status == .failed || $0.status == .couldNot }
    return lines(found.map { ($0.kind.title, $0.evidence) }, command: "audit")
  }
}
