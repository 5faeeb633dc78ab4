public import TPBytes
internal import TPCheckpoints
internal import TPModels
public import TPTensors

/// What separates two checkpoints.
public struct CheckpointDifference: Sendable {
  /// How many tensors that are not the model's had which fate: an optimizer's moments, for example.
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
  /// - Parameter files: the paths of the two, for errors.
  /// - Throws: `PortError` naming the file and key of a tensor whose bytes cannot be had.
  public init(
    _ a: Checkpoint, _ b: Checkpoint, files: (a: String, b: String),
    options: DiffOptions = DiffOptions()
  ) throws(PortError) {
    let left = try Side(a)
    let right = try Side(b)
    tensors = try withRenames(
      try Self.compare(left.model, right.model, files, options), left.model, right.model)
    var headers = [
      CheckpointHeader(a, left.optimizer, left.facts),
      CheckpointHeader(b, right.optimizer, right.facts),
    ]
    if !options.isQuick {
      headers[0].digest = try? ContentDigest(of: left.model).description
      let isSame =
        tensors.allSatisfy { $0.status == .identical } && left.model.names == right.model.names
      headers[1].digest =
        isSame ? headers[0].digest : try? ContentDigest(of: right.model).description
    }
    self.headers = headers
    batchNorms = try BatchNormChange.all(left.model, right.model)
    optimizer =
      options.isQuick
      ? nil
      : try OptimizerChange(left.optimizer, right.optimizer, left.model, right.model)
    if left.isTraining == right.isTraining {
      var counts = Counts()
      for difference in try Self.compare(
        left.others, right.others, files, DiffOptions(isQuick: true))
      {
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

    init(_ checkpoint: Checkpoint) throws(PortError) {
      let unwrapped = try UnwrappedStateDict(of: checkpoint)
      model = unwrapped.stateDict
      facts = ModelFacts(checkpoint)
      optimizer = OptimizerState(checkpoint)
      isTraining = unwrapped.container != nil
      var rest = StateDict()
      if let container = unwrapped.container {
        for record in checkpoint.tensors where record.path.first != container {
          // Two paths can join to one name; the first stands for both here.
          if rest[record.name] == nil { try rest.append(record.name, record.tensor) }
        }
      }
      others = rest
      let carried: Set<String> = ["epoch", "best_val_acc", "class_to_idx"]
      parts = checkpoint.parts.map(\.key).filter {
        $0 != unwrapped.container && !carried.contains($0)
      }
    }
  }

  private static func compare(
    _ a: StateDict, _ b: StateDict, _ files: (a: String, b: String), _ options: DiffOptions
  ) throws(PortError) -> [TensorDifference] {
    var result: [TensorDifference] = []
    for entry in a.entries {
      let left = TensorDifference.Side(entry.tensor)
      guard let other = b[entry.name] else {
        result.append(.init(name: entry.name, status: .removed, a: left, b: nil))
        continue
      }
      let right = TensorDifference.Side(other)
      var difference = TensorDifference(name: entry.name, status: .identical, a: left, b: right)
      if left.shape != right.shape {
        difference.status = .shape
      } else if left.dtype != right.dtype {
        difference.status = .dtype
        difference.cast = try cast(entry.tensor, other)
      } else {
        do throws(PortError) {
          let (bits, measures) = try measure(entry.tensor, other, files, options)
          difference.measures = measures
          difference.nanInB = nans(measures)
          switch bits {
          case .identical: break
          case .equalValues: difference.status = .equalValues
          case .changed: difference.status = .changed
          }
        } catch {
          throw error.at(key: entry.name)
        }
      }
      if difference.measures == nil { difference.nanInB = nans(other) }
      result.append(difference)
    }
    for entry in b.entries where a[entry.name] == nil {
      var difference = TensorDifference(
        name: entry.name, status: .added, a: nil, b: .init(entry.tensor))
      difference.nanInB = nans(entry.tensor)
      result.append(difference)
    }
    return result
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
