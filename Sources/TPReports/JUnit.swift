internal import TPBytes
internal import TPParity

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// What `verify` found as JUnit XML, which every continuous integration shows: a suite for the whole
/// golden and one for each clip; a case for each activation. Over the line is a failure, what could
/// not be run an error, what was not recorded is skipped. Goldens of an earlier run that were not judged
/// are failures of a suite of their own.
///
/// The order of elements and their attributes are those of the schema of Ant's JUnit task, the
/// strictest of those in use; names from files are escaped.
public enum JUnit {
  /// The document.
  ///
  /// - Parameters:
  ///   - summary: what was found.
  ///   - time: when, in seconds since 1970.
  public static func document(_ summary: VerifySummary, time: Int) -> String {
    var suites: [Suite] = []
    for entry in summary.entries {
      let golden = entry.golden.split(separator: "/").last.map(String.init) ?? entry.golden
      switch entry.outcome {
      case .failure(let error):
        var suite = Suite(name: golden, seconds: entry.seconds)
        suite.add("verdict", golden, .error(type: error.kind.rawValue, error.description, ""))
        suites.append(suite)
      case .success(let report):
        suites.append(whole(report, golden, entry.seconds, summary.comparison))
        for clip in 0..<report.parity.clips { suites.append(one(report, golden, clip: clip)) }
      }
    }
    if let comparison = summary.comparison, !comparison.missing.isEmpty {
      suites.append(missing(comparison))
    }
    let stamp = timestamp(time)
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      + suites.enumerated().map { $1.xml(id: $0, timestamp: stamp) }.joined() + "</testsuites>\n"
  }

  private static func whole(
    _ report: VerifyReport, _ golden: String, _ seconds: Double, _ comparison: BaselineComparison?
  ) -> Suite {
    var suite = Suite(name: golden, seconds: seconds)
    suite.properties = [
      ("weights", report.weights), ("golden", report.golden),
      ("architecture", report.architecture), ("verdict", report.parity.verdict.rawValue),
      ("digest", report.parity.digest),
    ]
    for activation in report.parity.activations + report.parity.isolated {
      let name = "\(golden).\(activation.mode.rawValue)"
      suite.add(activation.name, name, outcome(activation, report))
    }
    let parity = report.parity
    switch parity.verdict {
    case .holds: suite.add("verdict", golden, .passed)
    case .undecided: suite.add("verdict", golden, .error(type: "undecided", parity.reason, ""))
    case .broken, .goldenSuspect:
      suite.add(
        "verdict", golden,
        .failure(
          type: parity.verdict.rawValue, parity.reason,
          (parity.warnings + parity.diagnosis.map { "\($0.layer): \($0.sentence)" })
            .joined(separator: "\n")))
    }
    if let comparison {
      suite.add(asGood, golden, outcome(comparison, report))
    }
    return suite
  }

  /// The case for an earlier run.
  private static let asGood = "at least as good as before"

  private static func outcome(
    _ comparison: BaselineComparison, _ report: VerifyReport
  ) -> Suite.Outcome {
    if comparison.unknown.contains(report.golden) { return .skipped("not in the earlier run") }
    let grown = comparison.grown.filter { $0.golden == report.golden }
    if grown.isEmpty { return .passed }
    return .failure(
      type: "grown", "\(counted(grown.count, "figure")) grew",
      grown.prefix(100).map(\.clause).joined(separator: "\n"))
  }

  /// Goldens that only the earlier run has.
  private static func missing(_ comparison: BaselineComparison) -> Suite {
    var suite = Suite(name: comparison.file, seconds: 0)
    for golden in comparison.missing {
      suite.add(asGood, golden, .failure(type: "missing", "\(golden) was not judged", ""))
    }
    return suite
  }

  private static func outcome(_ activation: ActivationParity, _ report: VerifyReport)
    -> Suite.Outcome
  {
    switch activation.status {
    case .holds: return .passed
    case .absent: return .skipped(activation.problem ?? "not recorded")
    case .unknown: return .skipped("not of this model")
    case .over:
      var lines: [String] = []
      for (side, score) in [("PyTorch", activation.golden), ("port", activation.port)] {
        guard let score else { continue }
        lines.append(
          "\(side): max |z| \(significant(score.max)) of \(significant(NoiseScore.maxLine)), rms z"
            + " \(significant(score.rms)) of \(significant(NoiseScore.rmsLine(count: score.count)))"
            + ", largest error \(significant(score.maxError)), \(counted(score.count, "element"))")
      }
      for diagnosis in report.parity.diagnosis where diagnosis.layer == activation.name {
        lines.append(diagnosis.sentence)
        if !diagnosis.remedy.isEmpty { lines.append("remedy: \(diagnosis.remedy)") }
      }
      return .failure(
        type: "over_the_line", report.remark(activation), lines.joined(separator: "\n"))
    }
  }

  private static func one(_ report: VerifyReport, _ golden: String, clip: Int) -> Suite {
    let prediction = report.parity.predictions.first { $0.clip == clip }
    var name = "\(golden) clip \(clip)"
    if let words = prediction?.description { name += ": \(words)" }
    var suite = Suite(name: name, seconds: 0)
    let place = "\(golden).clip_\(clip)"
    for activation in report.parity.activations {
      switch activation.status {
      case .unknown: continue
      case .absent:
        suite.add(activation.name, place, .skipped(activation.problem ?? "not recorded"))
      case .holds, .over:
        let sides = [
          ("PyTorch", activation.goldenClipsOver), ("port", activation.portClipsOver),
        ].filter { $0.1.contains(clip) }.map(\.0)
        let isOver = !sides.isEmpty || activation.problem != nil
        suite.add(
          activation.name, place,
          isOver
            ? .failure(
              type: "over_the_line",
              activation.problem ?? "over the line by itself: " + sides.joined(separator: ", "), "")
            : .passed)
      }
    }
    if let prediction {
      let isOther = prediction.expected != prediction.found && report.parity.verdict != .holds
      suite.add(
        "prediction", place,
        isOther
          ? .failure(
            type: "flipped",
            "PyTorch says \(report.name(prediction.expected)), the port"
              + " \(report.name(prediction.found))", "")
          : .passed)
    }
    return suite
  }

  /// `2026-01-31T12:00:00`, in UTC.
  private static func timestamp(_ time: Int) -> String {
    var seconds = time_t(time)
    var parts = unsafe tm()
    guard unsafe gmtime_r(&seconds, &parts) != nil else { return "1970-01-01T00:00:00" }
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let date = unsafe [parts.tm_mon + 1, parts.tm_mday].map(two).joined(separator: "-")
    let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map(two).joined(separator: ":")
    return unsafe "\(Int(parts.tm_year) + 1900)-\(date)T\(clock)"
  }
}

/// A suite of cases.
private struct Suite {
  enum Outcome {
    case passed
    case skipped(String)
    case failure(type: String, String, String)
    case error(type: String, String, String)
  }

  var name: String
  var seconds: Double
  var properties: [(String, String)] = []
  private var cases: [(name: String, className: String, outcome: Outcome)] = []

  init(name: String, seconds: Double) {
    self.name = name
    self.seconds = seconds
  }

  mutating func add(_ name: String, _ className: String, _ outcome: Outcome) {
    cases.append((name, className, outcome))
  }

  func xml(id: Int, timestamp: String) -> String {
    var counts = (failures: 0, errors: 0, skipped: 0)
    var body = ""
    for one in cases {
      body += "    <testcase name=\"\(escaped(one.name))\" classname=\"\(escaped(one.className))\""
      body += " time=\"0\""
      switch one.outcome {
      case .passed: body += "/>\n"
      case .skipped(let why):
        counts.skipped += 1
        body += ">\n      <skipped message=\"\(escaped(why))\"/>\n    </testcase>\n"
      case .failure(let type, let message, let text):
        counts.failures += 1
        body += element("failure", type, message, text)
      case .error(let type, let message, let text):
        counts.errors += 1
        body += element("error", type, message, text)
      }
    }
    var text = "  <testsuite name=\"\(escaped(name))\" timestamp=\"\(timestamp)\""
    text += " hostname=\"localhost\" package=\"\(Tool.name)\" id=\"\(id)\" tests=\"\(cases.count)\""
    text += " failures=\"\(counts.failures)\" errors=\"\(counts.errors)\""
    text += " skipped=\"\(counts.skipped)\" time=\"\(fixed(seconds, 3))\">\n    <properties>\n"
    for (name, value) in properties {
      text += "      <property name=\"\(escaped(name))\" value=\"\(escaped(value))\"/>\n"
    }
    text += "    </properties>\n" + body
    return text + "    <system-out/>\n    <system-err/>\n  </testsuite>\n"
  }

  private func element(_ kind: String, _ type: String, _ message: String, _ text: String)
    -> String
  {
    ">\n      <\(kind) type=\"\(escaped(type))\" message=\"\(escaped(message))\">"
      + text.split(separator: "\n").map { escaped(String($0)) }.joined(separator: "\n")
      + "</\(kind)>\n    </testcase>\n"
  }

  /// A text as XML 1.0 holds it; what may not stand in XML is escaped as in every report.
  private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in printable(text, limit: 4000).unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&apos;"
      case "\u{FFFE}", "\u{FFFF}": result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
