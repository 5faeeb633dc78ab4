/// What opening a file in Python would do besides giving tensors; nothing was executed to find out.
public struct ScanReport: Hashable, Sendable {
  /// The answer in one word; the raw value stands in JSON.
  public enum Verdict: String, Hashable, Sendable, CaseIterable {
    /// All of it was looked at, and it calls nothing but what PyTorch and NumPy need.
    case clean
    /// It names something that nobody vouches for, or readers disagree about what it holds.
    case suspicious
    /// It could not be looked at whole, so nobody knows.
    case unreadable
    /// It names something that runs code or reaches outside of the process.
    case dangerous
  }

  /// A class or function that the file names.
  public struct Global: Hashable, Sendable {
    /// The module, as written.
    public var module: String
    /// The name in it, as written.
    public var name: String
    /// Whether it is known to be needed, known to run code, or neither.
    public var standing: KnownGlobals.Standing
    /// The opcode that would call it, as `pickletools` names it; `nil` where it is only imported.
    public var calledBy: String?
    /// The record of the archive, or the path of nested files joined by `!`.
    public var record: String?
    /// The first opcode that calls it, else the first that names it: bytes from the start of the
    /// record.
    public var offset: Int

    /// Module and name joined by a dot.
    public var fullName: String { module + "." + name }
  }

  /// The path as the user gave it.
  public var file: String
  /// What was found, in the order of the file.
  public var findings: [Finding] = []
  /// Every class and function that the file's pickles name, in order of first occurrence.
  public var globals: [Global] = []
  /// How many pickles were looked at, nested ones included.
  public var pickles = 0
  /// Findings beyond the most that are listed.
  public var omittedFindings = 0

  /// Whether the reader says that the file is of no format that it knows.
  var isOfUnknownFormat = false

  /// Nothing found yet.
  public init(file: String) {
    self.file = file
  }

  /// The gravest of the findings' severities: dangerous before unreadable before suspicious.
  public var verdict: Verdict {
    switch findings.map(\.severity).max() {
    case nil, .note: .clean
    case .suspicious: .suspicious
    case .unreadable: .unreadable
    case .dangerous: .dangerous
    }
  }
}

/// One thing that a scan found.
public struct Finding: Hashable, Sendable {
  /// How much it matters; the raw value stands in JSON.
  public enum Severity: String, Hashable, Sendable, Comparable {
    /// Worth knowing; changes no verdict.
    case note
    /// Nobody vouches for it.
    case suspicious
    /// It hides what the file does.
    case unreadable
    /// It runs code.
    case dangerous

    /// By how much they matter.
    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

    private var rank: Int {
      switch self {
      case .note: 0
      case .suspicious: 1
      case .unreadable: 2
      case .dangerous: 3
      }
    }
  }

  /// What it is about.
  public var rule: Rule
  /// How much it matters.
  public var severity: Severity
  /// A sentence without a final full stop, fit for a terminal.
  public var message: String
  /// The record of the archive, or the path of nested files joined by `!`.
  public var record: String?
  /// Bytes from the start of the record, or of the file where there is none.
  public var offset: Int?

  /// A finding at a place.
  public init(
    _ rule: Rule, _ severity: Severity, _ message: String, record: String? = nil,
    offset: Int? = nil
  ) {
    self.rule = rule
    self.severity = severity
    self.message = message
    self.record = record
    self.offset = offset
  }
}
