public import TPBytes
public import TPParity

/// What `verify` tells about weights that were held against one golden or several.
public struct VerifySummary: Sendable {
  /// What came of one golden.
  public struct Entry: Sendable {
    /// The golden's file, as the user gave it.
    public var golden: String
    /// The report, or why there is none.
    public var outcome: Result<VerifyReport, PortError>
    /// The exit status that it would have alone.
    public var status: Int32
    /// How long it took, in seconds.
    public var seconds: Double

    /// What came of a golden.
    public init(
      golden: String, outcome: Result<VerifyReport, PortError>, status: Int32, seconds: Double
    ) {
      self.golden = golden
      self.outcome = outcome
      self.status = status
      self.seconds = seconds
    }

    /// The report, where there is one.
    public var report: VerifyReport? { try? outcome.get() }
  }

  /// The weights' file, as the user gave it.
  public var weights: String
  /// One entry for each golden, in the order given; at least one.
  public var entries: [Entry]
  /// What grew since an earlier run; `nil` where none was named.
  public var comparison: BaselineComparison?

  /// A summary of judged weights.
  public init(weights: String, entries: [Entry], comparison: BaselineComparison? = nil) {
    self.weights = weights
    self.entries = entries
    self.comparison = comparison
  }

  /// The worst of the verdicts; `nil` where no golden could be read.
  public var verdict: ParityReport.Verdict? {
    let order: [ParityReport.Verdict] = [.broken, .goldenSuspect, .undecided, .holds]
    let found = entries.compactMap { $0.report?.parity.verdict }
    return order.first(where: found.contains)
  }

  /// The keys of the JSON object, without the envelope: those of the one report, or a list.
  public var json: JSONValue {
    let baseline = JSONValue.Member("baseline", comparison?.json ?? .null)
    if entries.count == 1, let report = entries[0].report {
      return .object((report.json.members ?? []) + [baseline])
    }
    return .object([
      .init("weights", .string(weights)),
      .init("verdict", verdict.map { .string($0.rawValue) } ?? .null),
      .init(
        "goldens",
        .array(
          entries.map { entry in
            let members: [JSONValue.Member]
            let error: JSONValue
            switch entry.outcome {
            case .success(let report): (members, error) = (report.json.members ?? [], .null)
            case .failure(let failure):
              (members, error) = ([.init("golden", .string(entry.golden))], failure.json)
            }
            return .object(
              [.init("status", .int(Int(entry.status))), .init("error", error)] + members)
          })),
      baseline,
    ])
  }

  /// The report for a terminal.
  ///
  /// - Parameter verbose: whether the tables are printed where all holds, too.
  public func text(verbose: Bool) -> String {
    var text = ""
    for (index, entry) in entries.enumerated() {
      if index > 0 { text += "\n" }
      switch entry.outcome {
      case .success(let report): text += verbose ? report.text : report.briefText
      case .failure(let error):
        text += "\(printable(weights)) against \(printable(entry.golden)): not judged\n"
        text += "  \(printable(error.description, limit: 2000))\n"
      }
    }
    if entries.count > 1 { text += "\n" + countLine }
    if let comparison { text += "\n" + comparison.text }
    return text
  }

  /// `2 of 3 goldens hold; 1 broken`
  private var countLine: String {
    let verdicts = entries.compactMap { $0.report?.parity.verdict }
    let holding = verdicts.count { $0 == .holds }
    var text = "\(holding) of \(counted(entries.count, "golden"))"
    text += holding == 1 ? " holds" : " hold"
    for (verdict, word) in [
      (ParityReport.Verdict.broken, "broken"), (.goldenSuspect, "suspect"),
      (.undecided, "undecided"),
    ] {
      let count = verdicts.count { $0 == verdict }
      if count > 0 { text += ", \(count) \(word)" }
    }
    let unread = entries.count - verdicts.count
    if unread > 0 { text += ", \(unread) not judged" }
    return text + "\n"
  }
}

extension VerifyReport {
  /// The report for a terminal, short where all holds: the verdict, how near the lines it comes, the
  /// predictions, and whatever else was asked for.
  var briefText: String {
    guard parity.verdict == .holds else { return text }
    var text = opening
    for (side, scores) in [
      ("PyTorch", parity.activations.map { ($0.name, $0.golden) }),
      ("port", parity.activations.map { ($0.name, $0.port) }),
    ] {
      let judged = scores.compactMap { name, score in score.map { (name, $0) } }
      guard let max = judged.max(by: { $0.1.max < $1.1.max }),
        let rms = judged.max(by: { $0.1.rms < $1.1.rms })
      else { continue }
      text += "  \(side): max |z| \(significant(max.1.max)) at \(printable(max.0, limit: 40)),"
      text += " rms z \(significant(rms.1.rms)) at \(printable(rms.0, limit: 40))\n"
    }
    return text + notes
  }
}
