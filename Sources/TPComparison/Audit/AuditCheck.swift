/// One question that an audit asks of a delivery, and the answer.
public struct AuditCheck: Hashable, Sendable {
  /// The question; the raw value stands in JSON.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case opens, checksums, architecture, parameters, classes, histories
    case bestAccuracy = "best_accuracy"
    case bestFile = "best_file"
    case optimizer
    case batchCounters = "batch_counters"
    case finite, duplicates, epochs, names, manifest, expectation, datasets

    /// What holds where the answer is yes, in a few words.
    public var title: String {
      switch self {
      case .opens: "every file opens"
      case .checksums: "checksums hold"
      case .architecture: "one architecture"
      case .parameters: "one parameter count"
      case .classes: "one class order"
      case .histories: "histories agree"
      case .bestAccuracy: "best accuracy as recorded"
      case .bestFile: "best file is the best epoch"
      case .optimizer: "optimizer steps fit epochs"
      case .batchCounters: "batch counters agree"
      case .finite: "no NaN or infinity"
      case .duplicates: "no duplicates"
      case .epochs: "no epoch missing"
      case .names: "names and epochs agree"
      case .manifest: "files as in the manifest"
      case .expectation: "figures as expected"
      case .datasets: "datasets counted"
      }
    }
  }

  /// The answer; the raw value stands in JSON.
  public enum Status: String, Hashable, Sendable, CaseIterable {
    /// It holds.
    case ok
    /// It does not.
    case failed
    /// The files say nothing that could be asked.
    case notApplicable = "not_applicable"
    /// They ought to, and it could not be found out.
    case couldNot = "could_not"
  }

  /// The question.
  public var kind: Kind
  /// The answer.
  public var status: Status
  /// What was found, as a sentence without a final full stop; names in it are fit for a terminal.
  public var evidence: String
  /// The files that the evidence is about, at most 100.
  public var files: [String]

  /// A question and its answer.
  public init(_ kind: Kind, _ status: Status, _ evidence: String, files: [String] = []) {
    self.kind = kind
    self.status = status
    self.evidence = evidence
    self.files = Array(files.prefix(100))
  }

  /// An answer that fails where there are findings, which are its evidence: the first three, and how
  /// many more there are.
  init(
    _ kind: Kind, findings: [(file: String, sentence: String)], else sentence: String
  ) {
    guard !findings.isEmpty else {
      self.init(kind, .ok, sentence)
      return
    }
    var text = findings.prefix(3).map(\.sentence).joined(separator: "; ")
    if findings.count > 3 { text += "; and \(findings.count - 3) more" }
    var files: [String] = []
    var seen: Set<String> = []
    for finding in findings where seen.insert(finding.file).inserted { files.append(finding.file) }
    self.init(kind, .failed, text, files: files)
  }
}
