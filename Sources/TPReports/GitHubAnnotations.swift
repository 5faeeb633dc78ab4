internal import TPBytes
internal import TPParity

/// What a command found as workflow commands of GitHub Actions.
public enum GitHubAnnotations {
  /// GitHub shows ten errors of a step.
  private static let most = 10

  /// What `verify` found: one line each, without line ends; at most ten.
  public static func lines(_ summary: VerifySummary) -> [String] {
    var found: [(title: String, message: String)] = []
    for entry in summary.entries {
      let golden = entry.golden.split(separator: "/").last.map(String.init) ?? entry.golden
      switch entry.outcome {
      case .failure(let error): found.append((golden, error.description))
      case .success(let report):
        let parity = report.parity
        if parity.verdict == .holds { continue }
        if parity.diagnosis.isEmpty {
          found.append((golden, "\(report.words): \(parity.reason)"))
        }
        for diagnosis in parity.diagnosis {
          var message = "\(report.words): \(diagnosis.sentence)"
          if !diagnosis.remedy.isEmpty { message += "; remedy: \(diagnosis.remedy)" }
          found.append(("\(golden), \(diagnosis.layer)", message))
        }
      }
    }
    if let comparison = summary.comparison, comparison.isWorse {
      let clauses =
        comparison.missing.map { "\($0) was not judged" } + comparison.grown.map(\.clause)
      let more = clauses.count > 5 ? " and \(clauses.count - 5) more" : ""
      found.append(
        ("worse than \(comparison.file)", clauses.prefix(5).joined(separator: "; ") + more))
    }
    return lines(found, command: "verify")
  }

  /// What `evaluate` found, where it is not what was expected: one line, without a line end.
  public static func lines(_ report: EvaluateReport) -> [String] {
    guard let expectation = report.expectation, expectation.isWorse else { return [] }
    return lines(
      [("not as in \(expectation.file)", expectation.sentence)], command: "evaluate")
  }

  /// One line for each finding, at most ten.
  static func lines(
    _ found: [(title: String, message: String)], command: String
  ) -> [String] {
    var found = found
    if found.count > most {
      let rest = found.count - (most - 1)
      found = Array(found.prefix(most - 1)) + [("more", "\(rest) more findings; see the report")]
    }
    return found.map { finding in
      let title = property("\(Tool.name) \(command): \(finding.title)")
      return "::error title=\(title)::\(data(finding.message))"
    }
  }

  private static func data(_ text: String) -> String {
    var result = ""
    for scalar in printable(text, limit: 2000).unicodeScalars {
      switch scalar {
      case "%": result += "%25"
      case "\r": result += "%0D"
      case "\n": result += "%0A"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func property(_ text: String) -> String {
    var result = ""
    for scalar in data(printable(text, limit: 200)).unicodeScalars {
      switch scalar {
      case ":": result += "%3A"
      case ",": result += "%2C"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
