internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPParity
public import TPTensors

/// Whether the tensors of a weight file are those of the file that it was made from, after what the
/// weight file declares was done to them.
public struct SourceProof: Sendable {
  /// What came of one tensor.
  public struct Row: Sendable {
    /// What came of it; the raw value stands in JSON.
    public enum Status: String, Hashable, Sendable, CaseIterable {
      /// Every bit is what was declared.
      case identical
      /// Elements differ.
      case different
      /// The type or the shape differs.
      case mismatched
      /// The source gives it and the file lacks it.
      case missing
      /// The file has it and the source does not give it.
      case unexpected
    }

    /// Its name in the weight file.
    public var name: String
    /// What came of it.
    public var status: Status
    /// Its type and extents in the weight file, or in the source where the file lacks it.
    public var dtype: DType
    /// Its extents.
    public var shape: Shape
    /// The names in the source.
    public var sources: [String]
    /// What was declared and done again to the source's tensor, in order; nothing for every bit kept.
    public var changes: [String]
    /// How many elements differ, where they could be compared.
    public var differing: Int?
    /// The place of the first that does, in row-major order.
    public var firstDifference: Int?
  }

  /// The path of the source.
  public let file: String
  /// The content digest of the source's tensors.
  public let digest: String
  /// Whether the weight file names this digest; `nil` where it names none.
  public let isNamed: Bool?
  /// Every tensor, in the order of the weight file, then those that it lacks.
  public private(set) var rows: [Row] = []

  /// The parts beside the model that the weight file carries along.
  public private(set) var parts: [PartProof] = []

  /// Whether all is as declared.
  public var holds: Bool {
    isNamed != false && rows.allSatisfy { $0.status == .identical }
      && parts.allSatisfy { $0.status == .identical }
  }

  /// Why it holds or not, as a clause.
  public var reason: String {
    let wrong = rows.filter { $0.status != .identical }
    if let first = wrong.first {
      let more = wrong.count > 1 ? ", and \(wrong.count - 1) more tensors" : ""
      return "\(printable(first.name)) \(first.words)" + more
    }
    if let first = parts.first(where: { $0.status != .identical }) {
      return first.difference
        ?? "the part \(printable(first.key, limit: 80)) is not in the source"
    }
    if isNamed == false {
      return "the file names another source, whose tensors are the same after what was done to them"
    }
    let changed = rows.count { !$0.changes.isEmpty }
    let same = rows.count - changed
    let words =
      (same == 1 ? "1 tensor is" : "\(same) tensors are") + " the source's bit for bit"
      + (changed == 0 ? "" : ", \(changed) what was declared")
    switch parts.count {
    case 0: return words
    case 1: return words + "; the kept part is the source's"
    default: return words + "; the \(parts.count) kept parts are the source's"
    }
  }

  /// Does again to the source what the file declares, and compares bit by bit.
  ///
  /// - Throws: `PortError` where the source cannot be read, or what is declared cannot be done to it.
  init(
    of checkpoint: Checkpoint, path: String, source: String, architecture: Architecture?,
    limits: ReadLimits
  ) throws(PortError) {
    let facts = ModelFacts(checkpoint)
    let original = try CheckpointFile.open(path: source, limits: limits)
    let plan: ConversionPlan
    let tensors: StateDict
    do throws(PortError) {
      var options = try ConversionOptions(declaredBy: facts, architecture, for: original)
      if facts.storedPrecision != ModelFacts(original).storedPrecision {
        let entries = try UnwrappedStateDict(of: checkpoint).stateDict.entries
        options.precision = .declared(
          facts.storedPrecision,
          stored: Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.tensor.dtype) }))
      }
      plan = try ConversionPlan(
        original, sourceName: ConversionJob.baseName(source), options: options, limits: limits)
    } catch {
      throw error.in(file: source)
    }
    do throws(PortError) {
      tensors = try Self.tensors(of: checkpoint, like: plan.contents.tensors)
    } catch {
      throw error.in(file: path)
    }
    file = source
    let content = plan.contents.facts["source.digest"] ?? plan.digest
    digest = content
    isNamed = facts.sourceDigest.map { $0 == content }
    let rounding = try DeclaredRounding(
      facts.storedPrecision, after: plan.precision, of: plan.contents.tensors)
    for entry in tensors.entries {
      do throws(PortError) {
        let expected = try rounding.expected(
          entry.name, stored: entry.tensor.dtype, limits: limits)
        rows.append(
          try Self.compare(entry, expected, plan.origins[entry.name], limits: limits))
      } catch {
        throw error.at(key: entry.name).in(file: path)
      }
    }
    for entry in plan.contents.tensors.entries
    where tensors[entry.name] == nil && !rounding.isConsumed(entry.name) {
      rows.append(
        Row(entry.name, .missing, entry.tensor, plan.origins[entry.name]?.sources ?? [], []))
    }
    // Of a file that is none of ours nobody said that it carries anything along.
    if facts.sourceDigest == nil { return }
    do throws(PortError) {
      parts = try PartProof.all(
        of: checkpoint, container: UnwrappedStateDict(of: checkpoint).container, source: original,
        limits: limits)
    } catch {
      throw error.in(file: path)
    }
  }

  /// The tensors of a weight file: those under a key of a training script where there are some, and
  /// where that gives the names which are expected.
  private static func tensors(
    of checkpoint: Checkpoint, like expected: StateDict
  ) throws(PortError) -> StateDict {
    let inside = try UnwrappedStateDict(of: checkpoint).stateDict
    if inside.names.contains(where: { expected[$0] != nil }) { return inside }
    return try StateDict(checkpoint.weights.map { ($0.name, $0.tensor) })
  }

  private static func compare(
    _ entry: StateDict.Entry, _ expected: DeclaredRounding.Expected?,
    _ origin: TensorOrigins.Origin?, limits: ReadLimits
  ) throws(PortError) -> Row {
    let tensor = entry.tensor
    guard let expected else { return Row(entry.name, .unexpected, tensor, [], []) }
    var row = Row(
      entry.name, .identical, tensor, origin?.sources ?? [],
      (origin?.changes ?? []) + expected.changes)
    let wanted = expected.tensor
    guard tensor.dtype == wanted.dtype, tensor.shape == wanted.shape else {
      row.status = .mismatched
      return row
    }
    let found = try tensor.contiguousBytes(limits: limits, caching: false)
    let bytes = try wanted.contiguousBytes(limits: limits, caching: false)
    row.differing = 0
    if found.hasSameBytes(as: bytes) { return row }
    row.status = .different
    let size = tensor.dtype.byteCount
    for element in 0..<found.count / size {
      guard let left = found.slice(offset: element * size, length: size),
        let right = bytes.slice(offset: element * size, length: size),
        !left.hasSameBytes(as: right)
      else { continue }
      row.differing = (row.differing ?? 0) + 1
      row.firstDifference = row.firstDifference ?? element
    }
    return row
  }
}

extension SourceProof.Row {
  init(
    _ name: String, _ status: Status, _ tensor: Tensor, _ sources: [String], _ changes: [String]
  ) {
    self.init(
      name: name, status: status, dtype: tensor.dtype, shape: tensor.shape, sources: sources,
      changes: changes)
  }

  /// What came of it, as the end of a sentence that begins with its name.
  public var words: String {
    switch status {
    case .identical: return "is as declared"
    case .different:
      let count = differing ?? 0
      return
        "differs in \(count) of \(shape.elementCount) elements, first at \(firstDifference ?? 0)"
    case .mismatched: return "has another type or shape: \(dtype.rawValue) \(shape)"
    case .missing: return "is missing"
    case .unexpected: return "is not in the source"
    }
  }
}

extension ConversionOptions {
  /// What a weight file declares was done to its source, but for the types of elements: see
  /// `DeclaredRounding`.
  ///
  /// - Parameters:
  ///   - architecture: what the user says the weights belong to.
  ///   - source: what it was made from; where that is itself such a file, what it declares was done
  ///     before it and is not done again.
  /// - Throws: `PortError` where a declaration cannot be read or done again.
  init(
    declaredBy facts: ModelFacts, _ architecture: Architecture?, for source: Checkpoint
  ) throws(PortError) {
    self.init(architecture: .none)
    if let architecture {
      self.architecture = .named(architecture)
    } else if let stated = try Architecture.stated(facts.statedArchitecture) {
      self.architecture = .named(stated)
    }
    let known = ModelFacts(source)
    foldsBatchNorm = facts.batchNorm == "folded" && known.batchNorm != "folded"
    sumsBiases = facts.hasSummedBiases && !known.hasSummedBiases
    let earlier = try MapFact.rules(known)?.rules ?? []
    let rules = try MapFact.rules(facts)?.rules ?? []
    if rules.count > earlier.count, rules.starts(with: earlier) {
      map = TensorMap(rules: Array(rules.dropFirst(earlier.count)))
    }
  }
}
