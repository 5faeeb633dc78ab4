public import TPBytes

/// Whether a delivery of checkpoints is complete and agrees with itself.
public struct RunAudit: Sendable {
  /// The rule by which the training saved epochs.
  public struct Rule: Hashable, Sendable {
    /// Every so many epochs a checkpoint is saved; 0 where that is not so.
    public var every = 5
    /// One is saved, too, whenever the validation accuracy exceeds the best so far by so many points;
    /// infinity where that is not so.
    public var improvement = 0.3

    /// The rule of the training that docs/commands/audit.md tells of.
    public init() {}
  }

  /// The checkpoints, in the order of their paths.
  public let files: [AuditedFile]
  /// The rule that epochs are held against.
  public let rule: Rule
  /// The questions that were asked, in order.
  public private(set) var checks: [AuditCheck] = []
  /// Files beside the checkpoints that hold no weights.
  public let passedOver: [String]
  /// The datasets that were counted.
  public private(set) var datasets: [DatasetCount] = []

  /// The checkpoints that could be read.
  let readable: [AuditedFile]
  /// The longest history; `nil` where there is none.
  let curves: TrainingCurves?

  /// Reads every file whole and asks what can be asked of any delivery.
  ///
  /// - Parameters:
  ///   - paths: the checkpoints.
  ///   - passedOver: other files beside them, which are only named.
  ///   - failures: folders that could not be read.
  ///   - rule: which epochs the training saves.
  ///   - limits: the bounds on what each file may ask for.
  ///   - progress: is told how many files are done.
  public init(
    paths: [String], passedOver: [String] = [], failures: [PortError] = [], rule: Rule = Rule(),
    limits: ReadLimits = ReadLimits(), progress: (Int) -> Void = { _ in }
  ) {
    var files: [AuditedFile] = []
    for path in paths.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      progress(files.count)
      files.append(AuditedFile(path: path, limits))
    }
    self.files = files
    self.passedOver = passedOver
    self.rule = rule
    readable = files.filter { $0.run != nil }
    curves = RunHistory.curves(of: readable.compactMap(\.run))
    checks = [opens(failures), checksums, architecture, parameters, classes]
    checks += [histories, bestAccuracy, bestFile, optimizer, batchCounters]
    checks += [finite, duplicates, epochs, names]
  }

  /// Adds the answer to another question.
  public mutating func add(_ check: AuditCheck) { checks.append(check) }

  /// Adds a dataset that was counted.
  public mutating func add(_ dataset: DatasetCount) { datasets.append(dataset) }

  /// How many checks came out so.
  public func count(_ status: AuditCheck.Status) -> Int { checks.count { $0.status == status } }

  /// Whether a file, a folder or a dataset could not be read.
  public var couldNotRead: Bool {
    checks.contains {
      $0.kind == .opens && $0.status == .failed || $0.status == .couldNot && $0.kind == .datasets
    }
  }

  /// The check of a kind, where it was made.
  public func check(_ kind: AuditCheck.Kind) -> AuditCheck? { checks.first { $0.kind == kind } }
}
