public import TPBytes
internal import TPCheckpoints
public import TPModels
internal import TPParity
public import TPTensors

/// What a file states about itself, and what of it is so.
public struct FileProof: Sendable {
  /// A statement.
  public struct Check: Hashable, Sendable {
    /// What became of it; the raw value stands in JSON.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
      /// The file's bytes bear it out.
      case proven
      /// The file's bytes contradict it.
      case contradicted
      /// It is said, and nothing in the file can bear it out.
      case stated
      /// The file says nothing of the kind.
      case absent
    }

    /// What is stated: `checksums`, `digests`, `digest`, `architecture`, ...
    public var name: String
    /// What became of it.
    public var outcome: Outcome
    /// What is stated or wrong, as a clause.
    public var detail: String
  }

  /// What came of all together; the raw value stands in JSON.
  public enum Verdict: String, Hashable, Sendable {
    /// Something is proven and nothing contradicted.
    case holds
    /// A statement is contradicted, or a tensor is not the source's.
    case broken
    /// The file states nothing that could be proven.
    case undecided
  }

  /// The statements, in the order in which a reader would ask for them.
  public internal(set) var checks: [Check] = []
  /// The name of the architecture that the weights fit; `nil` where they fit none.
  public internal(set) var architecture: String?
  /// How the file is built; `nil` where it cannot be opened because a checksum is wrong.
  public internal(set) var container: Checkpoint.Container?
  /// The content digest of the tensors; `nil` where their bytes cannot be had.
  public internal(set) var digest: String?
  /// What came of holding each tensor against those of the source.
  public internal(set) var source: SourceProof?

  /// What came of it.
  public var verdict: Verdict {
    if checks.contains(where: { $0.outcome == .contradicted }) || source?.holds == false {
      return .broken
    }
    // That the names of classes can be counted proves nothing about the tensors.
    let bytes: Set = ["checksums", "digests", "digest"]
    let isProven = checks.contains { $0.outcome == .proven && bytes.contains($0.name) }
    return source?.rows.isEmpty == false || isProven ? .holds : .undecided
  }

  /// Why, as a clause.
  public var reason: String {
    if let first = checks.first(where: { $0.outcome == .contradicted }) { return first.detail }
    if let source, !source.holds { return source.reason }
    switch verdict {
    case .holds where source != nil: return source?.reason ?? ""
    case .holds: return "all that can be proven is so"
    case .broken: return ""
    case .undecided: return "the file states nothing about itself that could be proven"
    }
  }
}

extension FileProof {
  /// Proves what a file states of itself.
  ///
  /// - Parameters:
  ///   - path: a file of any format.
  ///   - architecture: what the weights must fit; `nil` for what the file states, else a built-in
  ///     one that they happen to fit.
  ///   - source: what the file was made from; its tensors are then held against this one's.
  ///   - limits: the bounds on what each file may ask for.
  /// - Throws: `PortError` where a file cannot be opened or read for another reason than that it
  ///   contradicts itself.
  public init(
    path: String, architecture: Architecture? = nil, source: String? = nil,
    limits: ReadLimits = ReadLimits()
  ) throws(PortError) {
    let checkpoint: Checkpoint
    do throws(PortError) {
      checkpoint = try CheckpointFile.open(path: path, limits: limits)
    } catch {
      guard error.kind == .checksum else { throw error }
      // A file that cannot be opened because it contradicts itself has been judged.
      checks = [Check(name: "checksums", outcome: .contradicted, detail: error.clause)]
      return
    }
    do throws(PortError) {
      try prove(checkpoint, architecture, limits)
    } catch {
      throw error.in(file: path)
    }
    guard let source else { return }
    if checks.contains(where: { $0.outcome == .contradicted }) { return }
    self.source = try SourceProof(
      of: checkpoint, path: path, source: source, architecture: architecture, limits: limits)
  }
}

extension PortError {
  /// What is wrong and where inside the file, without the file and the remedy.
  var clause: String {
    var copy = self
    copy.file = nil
    copy.remedy = nil
    return copy.description
  }
}
