internal import Synchronization
public import TPBytes
internal import TPCheckpoints
internal import TPModels
public import TPTensors

/// What separates two checkpoints.
public struct CheckpointDifference: Sendable {
  /// How many tensors that are not the model's had which fate: an optimizer's moments, for example, or
  /// NumPy's arrays beside the tensors.
  public struct Counts: Hashable, Sendable {
    /// The same bits on both sides.
    public var identical = 0
    /// Anything else that both sides have.
    public var changed = 0
    /// Only the second has it.
    public var added = 0
    /// Only the first has it.
    public var removed = 0

    /// Whether nothing differs.
    public var isIdentical: Bool { changed == 0 && added == 0 && removed == 0 }
  }

  /// The model's tensors, in the order of the first checkpoint; what only the second has comes last.
  public let tensors: [TensorDifference]
  /// All other tensors.
  public let otherTensors: Counts
  /// Values of the metadata that differ.
  public let metadata: [MetadataDifference]
  /// What one side does not carry by design, and what was therefore not compared.
  public let leftOut: [String]
  /// What each side says of itself: that of a, then that of b.
  public let headers: [CheckpointHeader]
  /// The batch norms that both have.
  public let batchNorms: [BatchNormChange]
  /// The optimizers; `nil` where not both have one.
  public let optimizer: OptimizerChange?
  /// What both make of clips, one for each golden or dataset that was given.
  public var behaviours: [BehaviourChange] = []
  /// What the one declares that was done to the other, proven to be all there is; `nil` where nothing
  /// of the kind is declared or it does not hold.
  public var derivation: Derivation?

  /// How one file was made from the other, proven by doing it again.
  public struct Derivation: Hashable, Sendable {
    /// Which of the two was made: `a` or `b`.
    public var made: String
    /// What was proven, as a clause.
    public var reason: String
    /// Whether every value is kept: names, the order of dimensions and exact types may be others.
    public var isExact: Bool

    /// What was proven.
    public init(made: String, reason: String, isExact: Bool) {
      self.made = made
      self.reason = reason
      self.isExact = isExact
    }
  }

  /// Whether nothing that was compared differs. Types that hold the same values are no difference
  /// between files of different formats; nor are other names where one file declares them.
  public var isIdentical: Bool {
    otherTensors.isIdentical && metadata.isEmpty
      && (derivation?.isExact == true || tensors.allSatisfy(isEqual))
  }

  private func isEqual(_ tensor: TensorDifference) -> Bool {
    tensor.status == .identical
      || tensor.cast == .exact && headers[0].container != headers[1].container
  }

  /// Whether a tensor stood on both sides.
  public var comparedAny: Bool {
    tensors.contains { $0.a != nil && $0.b != nil } || derivation != nil
  }

  /// The steps that all batch norms count alike between the two; `nil` where they do not, or there is
  /// none.
  public var countedSteps: Int? {
    let steps = Set(batchNorms.map(\.steps))
    return steps.count == 1 ? steps.first ?? nil : nil
  }

  /// Compares two opened checkpoints of any formats.
  ///
  /// Tensors are matched by name, once wrappers and prefixes are taken off, and those that are left by
  /// their elements. Where one side is a weight file and the other a training checkpoint, only what
  /// both kinds carry is compared: the model's tensors, classes, epoch and best accuracy.
  ///
  /// - Parameters:
  ///   - a: the checkpoint to compare from.
  ///   - b: the checkpoint to compare with it.
  ///   - files: the paths of the two, for errors.
  ///   - options: what is measured, and of which tensors.
  ///   - progress: is told from several threads how many of the tensors that both have are done,
  ///     and how many there are.
  /// - Throws: `PortError` naming the file and key of a tensor whose bytes cannot be had.
  public init(
    _ a: Checkpoint, _ b: Checkpoint, files: (a: String, b: String),
    options: DiffOptions = DiffOptions(),
    progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
  ) throws(PortError) {
    // Other formats than the one that has them leave arrays out by design.
    let hasArrays = a.container == b.container
    let left = try Side(a, hasArrays: hasArrays)
    let right = try Side(b, hasArrays: hasArrays)
    let models = try MatchedNames(left.model, right.model)
    tensors = try withRenames(
      try Self.compare(models.a, models.b, files, options, progress), models.a, models.b)
    var headers = [
      CheckpointHeader(a, left.optimizer, left.facts),
      CheckpointHeader(b, right.optimizer, right.facts),
    ]
    if !options.isQuick {
      let isSame =
        tensors.allSatisfy { $0.status == .identical } && left.model.names == right.model.names
      let digests = Lumps.perform(isSame ? 1 : 2) {
        Self.digest($0 == 0 ? left.model : right.model, options)
      }
      (headers[0].digest, headers[1].digest) = (digests[0], digests[isSame ? 0 : 1])
    }
    self.headers = headers
    batchNorms = try BatchNormChange.all(models.a, models.b)
    optimizer =
      options.isQuick
      ? nil
      : try OptimizerChange(
        left.optimizer, right.optimizer, models.a, models.b, options.kernels)
    if left.isTraining == right.isTraining {
      var counts = Counts()
      var bits = options
      bits.isBitsAlone = true
      for difference in try Self.compare(left.others, right.others, files, bits, { _, _ in }) {
        switch difference.status {
        case .identical: counts.identical += 1
        case .added: counts.added += 1
        case .removed: counts.removed += 1
        default: counts.changed += 1
        }
      }
      otherTensors = counts
      metadata =
        a.container == b.container || left.isTraining
        ? metadataDifferences(a, b) : Self.facts(left.facts, right.facts)
      leftOut = []
    } else {
      otherTensors = Counts()
      metadata = Self.facts(left.facts, right.facts)
      leftOut = left.isTraining ? left.parts : right.parts
    }
  }

  /// One checkpoint, taken apart.
  private struct Side {
    let model: StateDict
    let others: StateDict
    let facts: ModelFacts
    let optimizer: OptimizerState?
    /// A training's dict, as against weights alone.
    let isTraining: Bool
    /// Top-level keys that a weight file does not carry.
    let parts: [String]

    /// - Parameter hasArrays: whether arrays beside the tensors are among the others.
    init(_ checkpoint: Checkpoint, hasArrays: Bool) throws(PortError) {
      let unwrapped = try UnwrappedStateDict(of: checkpoint)
      model = unwrapped.stateDict
      facts = ModelFacts(checkpoint)
      optimizer = OptimizerState(checkpoint)
      isTraining = unwrapped.container != nil
      let container = unwrapped.container
      var records: [TensorRecord] = []
      if container != nil { records = checkpoint.tensors.filter { $0.path.first != container } }
      // Without any tensor the arrays are the model's.
      if hasArrays, !checkpoint.tensors.isEmpty { records += checkpoint.arrays }
      others = try Self.named(records)
      let carried: Set<String> = ["epoch", "best_val_acc", "class_to_idx"]
      parts = checkpoint.parts.map(\.key).filter {
        $0 != unwrapped.container && !carried.contains($0)
      }
    }

    /// Tensors under names that tell all of them apart.
    private static func named(_ records: [TensorRecord]) throws(PortError) -> StateDict {
      var result = StateDict()
      // Two paths can join to one name, as those of the keys 1 and "1" do.
      var counts: [String: Int] = [:]
      for record in records {
        let count = counts[record.name, default: 0] + 1
        counts[record.name] = count
        let name = count == 1 ? record.name : "\(record.name) (\(count))"
        if result[name] == nil { try result.append(name, record.tensor) }
      }
      return result
    }
  }

  /// - Returns: `nil` where the model is too large for it to be made unasked.
  private static func digest(_ model: StateDict, _ options: DiffOptions) -> String? {
    // One element can be expanded to any number of them.
    let bytes = model.entries.reduce(0) { (sum: Int, entry: StateDict.Entry) -> Int in
      let (total, overflow) = sum.addingReportingOverflow(entry.tensor.byteCount ?? .max)
      return overflow ? .max : total
    }
    guard options.wantsDigests || bytes <= DiffOptions.digestedBytes else { return nil }
    return try? ContentDigest(of: model).description
  }

  private static func compare(
    _ a: StateDict, _ b: StateDict, _ files: (a: String, b: String), _ options: DiffOptions,
    _ progress: @escaping @Sendable (Int, Int) -> Void
  ) throws(PortError) -> [TensorDifference] {
    let added = b.entries.filter { a[$0.name] == nil }
    let common = a.entries.count { b[$0.name] != nil }
    let done = Atomic(0)
    // What comes after a tensor that cannot be had need not be looked at.
    let failed = Atomic(Int.max)
    let results = Lumps.perform(a.entries.count + added.count) {
      place -> Result<TensorDifference, PortError>? in
      guard place < failed.load(ordering: .relaxed) else { return nil }
      if place >= a.entries.count {
        let entry = added[place - a.entries.count]
        var difference = TensorDifference(
          name: entry.name, status: .added, a: nil, b: .init(entry.tensor))
        if !options.isBitsAlone { difference.nanInB = nans(entry.tensor) }
        return .success(difference)
      }
      let entry = a.entries[place]
      let other = b[entry.name]
      do throws(PortError) {
        let difference = try difference(entry, other, files, options)
        if other != nil { progress(done.wrappingAdd(1, ordering: .relaxed).newValue, common) }
        return .success(difference)
      } catch {
        _ = failed.min(place, ordering: .relaxed)
        return .failure(error.at(key: entry.name))
      }
    }
    var differences: [TensorDifference] = []
    for case .some(let result) in results { differences.append(try result.get()) }
    return differences
  }

  private static func difference(
    _ entry: StateDict.Entry, _ other: Tensor?, _ files: (a: String, b: String),
    _ options: DiffOptions
  ) throws(PortError) -> TensorDifference {
    let left = TensorDifference.Side(entry.tensor)
    guard let other else {
      return TensorDifference(name: entry.name, status: .removed, a: left, b: nil)
    }
    let right = TensorDifference.Side(other)
    var difference = TensorDifference(name: entry.name, status: .identical, a: left, b: right)
    if left.shape != right.shape {
      difference.status = .shape
    } else if left.dtype != right.dtype {
      difference.status = .dtype
      if !options.isBitsAlone { difference.cast = try cast(entry.tensor, other) }
    } else {
      let (bits, measures) = try measure(entry.tensor, other, files, options)
      difference.measures = measures
      difference.nanInB = nans(measures)
      switch bits {
      case .identical: break
      case .equalValues: difference.status = .equalValues
      case .changed: difference.status = .changed
      }
    }
    if difference.measures == nil, !options.isBitsAlone { difference.nanInB = nans(other) }
    return difference
  }

  private static func facts(_ a: ModelFacts, _ b: ModelFacts) -> [MetadataDifference] {
    func classes(_ facts: ModelFacts) -> String? {
      facts.classes.map { JSONValue.array($0.map(JSONValue.string)).text() }
    }
    let pairs: [(String, String?, String?)] = [
      ("classes", classes(a), classes(b)),
      ("epoch", a.epoch.map(String.init), b.epoch.map(String.init)),
      (
        "best_val_acc", a.bestValidationAccuracy.map { "\($0)" },
        b.bestValidationAccuracy.map { "\($0)" }
      ),
    ]
    // A plain file says none of this; what only one side says is no difference between formats.
    return pairs.compactMap { key, before, after in
      guard let before, let after, before != after else { return nil }
      return MetadataDifference(path: [key], before: before, after: after)
    }
  }
}

extension TensorDifference.Side {
  init(_ tensor: Tensor) {
    dtype = tensor.dtype
    shape = tensor.shape
  }
}
