public import TPBytes
public import TPTensors

/// What a file says about its weights besides the tensors, whatever its container.
///
/// A PyTorch checkpoint says it in its dict (`class_to_idx`, `epoch`, `best_val_acc`); a file that
/// we wrote says it in texts under `torchport.KEY`, which win where both are there.
public struct ModelFacts: Hashable, Sendable {
  /// The class names in index order.
  public var classes: [String]?
  /// Why `classes` is absent although the file says something about classes.
  public var classesProblem: String?
  /// The epoch after which the weights were saved.
  public var epoch: Int?
  /// The best validation accuracy so far, in percent as the training wrote it.
  public var bestValidationAccuracy: Double?
  /// The base name of the file that the weights came from.
  public var sourceName: String?
  /// The content digest of the weights that these were made from, 64 hex digits.
  public var sourceDigest: String?
  /// The content digest that the file states for its own weights, 64 hex digits.
  public var statedDigest: String?
  /// What the file says of the precision of its tensors; see `StoredPrecision`.
  public var precision: String?
  /// `separate` or `folded`.
  public var batchNorm: String?
  /// Of folded batch norms, what their rounding noise was made of: JSON.
  public var folded: String?
  /// Whether the two biases of each LSTM were summed when the file was made: the first holds the
  /// sum, the second zeros.
  public var hasSummedBiases = false
  /// The name of the architecture.
  public var architecture: String?
  /// The description of an architecture that is not built in, as JSON.
  public var architectureDescription: String?

  /// The rules that its tensors were mapped by, as JSON (docs/mapping.md).
  public var map: String?
  /// The parity that was reached when the file was made, as JSON: verdict and the golden's digest.
  public var parity: String?
  /// How many trained numbers the file states, as a text.
  public var parameters: String?
  /// The SHA-256 that the file states for each tensor, as JSON.
  public var digests: String?
  /// The groups of names of one tensor that the file states, as JSON.
  public var aliases: String?

  /// The precision that the file states; `exact` where it states none, or nothing that means
  /// anything (which `checkPrecision(of:)` refuses).
  public var storedPrecision: StoredPrecision {
    precision.flatMap { StoredPrecision(fact: $0) } ?? .exact
  }

  /// Whether the file says that its numbers went through a type with fewer digits than float32.
  public var isLossy: Bool { storedPrecision.isLossy }

  /// Nothing known.
  public init() {}

  /// What a checkpoint says.
  public init(_ checkpoint: Checkpoint) {
    let facts = MetadataFacts(checkpoint)
    epoch = facts.text("epoch").flatMap { Int($0) } ?? facts.integer("epoch")
    bestValidationAccuracy =
      facts.text("best_val_acc").flatMap { Double($0) } ?? facts.number("best_val_acc")
    sourceName = facts.text("source.name")
    sourceDigest = facts.text("source.digest")
    statedDigest = facts.text("digest")
    precision = facts.text("precision")
    batchNorm = facts.text("batch_norm")
    folded = facts.text("folded")
    hasSummedBiases = facts.text("lstm_bias") == "summed"
    architecture = facts.text("architecture")
    architectureDescription = facts.text("architecture.description")
    map = facts.text("map")
    parity = facts.text("parity")
    parameters = facts.text("parameters")
    digests = facts.text("digests")
    aliases = facts.text("aliases")
    let found = facts.statedClasses ?? facts.classIndexes
    classes = found?.classes
    classesProblem = found?.problem
  }
}

extension ModelFacts {
  /// Holds the content digest that the file states, where it does, against the file's tensors.
  ///
  /// - Parameters:
  ///   - digest: that of the unwrapped state_dict.
  ///   - checkpoint: the file. One that was converted without an architecture keeps the prefixes of
  ///     its names, and they are in its digest: either is right.
  ///   - limits: the bounds on what the file may ask for.
  /// - Throws: `PortError` of kind `checksum`, or where a tensor's bytes cannot be had.
  public func check(
    _ digest: ContentDigest, of checkpoint: Checkpoint, limits: ReadLimits = ReadLimits()
  ) throws(PortError) {
    guard let statedDigest, statedDigest != digest.description, !limits.ignoresChecksums else {
      return
    }
    let names = try StateDict(checkpoint.tensors.map { ($0.name, $0.tensor) })
    guard try ContentDigest(of: names, limits: limits).description != statedDigest else { return }
    throw PortError(
      .checksum,
      "the file states the content digest \(printable(statedDigest)) and its tensors have"
        + " \(digest)", remedy: "convert the checkpoint again, or copy the file again")
  }
}

extension ModelFacts {
  /// Holds the precision that the file states, where it does, against the types of its tensors.
  ///
  /// - Parameters:
  ///   - stateDict: the unwrapped state_dict.
  ///   - checkpoint: the file; one that was converted without an architecture names the tensors as
  ///     they are called there.
  /// - Throws: `PortError` of kind `malformed` where it means nothing, or they contradict it.
  public func checkPrecision(
    of stateDict: StateDict, in checkpoint: Checkpoint? = nil
  ) throws(PortError) {
    guard let precision else { return }
    guard let stated = StoredPrecision(fact: precision) else {
      throw PortError(
        .malformed, "the precision \(printable(precision, limit: 60)) means nothing",
        key: "torchport.precision", remedy: "convert the checkpoint again")
    }
    do throws(PortError) {
      try stated.check(stateDict)
    } catch {
      guard let checkpoint else { throw error }
      let names = try StateDict(checkpoint.tensors.map { ($0.name, $0.tensor) })
      guard (try? stated.check(names)) != nil else { throw error }
    }
  }
}

/// The metadata of a checkpoint as facts are looked up in it.
private struct MetadataFacts {
  typealias Classes = (classes: [String]?, problem: String?)

  let checkpoint: Checkpoint
  private let written: [String: String]
  var tree: MetadataTree { checkpoint.metadata }

  init(_ checkpoint: Checkpoint) {
    self.checkpoint = checkpoint
    written = checkpoint.writtenFacts
  }

  /// A fact that we wrote.
  func text(_ key: String) -> String? { written[key] }

  /// An integer that the training wrote, as a number or as a tensor of one element.
  func integer(_ key: String) -> Int? {
    switch tree.node(at: key) {
    case .int(let value): value
    case .tensor(let place): single(place).flatMap { Int(exactly: $0) }
    default: nil
    }
  }

  /// A number that the training wrote, as a number or as a tensor of one element.
  func number(_ key: String) -> Double? {
    switch tree.node(at: key) {
    case .int(let value): Double(value)
    case .float(let value): value
    case .tensor(let place): single(place)
    default: nil
    }
  }

  private func single(_ place: Int) -> Double? {
    guard let tensor = checkpoint.record(at: place)?.tensor else { return nil }
    guard tensor.shape.elementCount == 1 else { return nil }
    return (try? tensor.doubles())?.first
  }

  /// `torchport.classes`: a JSON list in index order.
  var statedClasses: Classes? {
    guard let text = text("classes") else { return nil }
    guard let names = (try? JSONValue(parsing: text))?.array?.map(\.string) else {
      return (nil, "torchport.classes is not a JSON list")
    }
    let classes = names.compactMap { $0 }
    guard classes.count == names.count, Set(classes).count == classes.count else {
      return (nil, "torchport.classes is not a list of different names")
    }
    return (classes, nil)
  }

  /// `class_to_idx`: a dict whose values must be 0 to n - 1, each once.
  var classIndexes: Classes? {
    let entries: [MetadataTree.Entry]
    switch tree.node(at: "class_to_idx") {
    case .dict(let own): entries = own
    case .object(_, _, _, _, let own) where !own.isEmpty: entries = own
    case nil, .some(.none): return nil
    default: return (nil, "class_to_idx is not a dict")
    }
    var classes = [String?](repeating: nil, count: entries.count)
    for entry in entries {
      guard case .string(let name) = tree[entry.key], case .int(let index) = tree[entry.value]
      else { return (nil, "class_to_idx does not map names to integers") }
      guard classes.indices.contains(index), classes[index] == nil else {
        return (
          nil,
          "class_to_idx gives \(printable(name, limit: 40)) the index \(index): the indexes are not"
            + " 0 to \(entries.count - 1), each once"
        )
      }
      classes[index] = name
    }
    return (classes.compactMap { $0 }, nil)
  }
}
