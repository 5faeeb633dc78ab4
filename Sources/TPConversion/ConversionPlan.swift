public import TPBytes
internal import TPCheckpoints
public import TPModels
internal import TPParity
public import TPTensors

/// What a conversion will do, before anything is written: which tensors under which names, and what
/// the file will say about them.
public struct ConversionPlan: Sendable {
  /// The architecture that the tensors fit; `nil` where none was asked for.
  public let architecture: Architecture?
  /// What is written, in the order of the state_dict.
  public let contents: WeightFile
  /// Names that change on the way, wrappers' prefixes taken off.
  public let renamed: [(from: String, to: String)]
  /// Top-level parts of the checkpoint that a weight file does not carry.
  public let leftOut: [String]
  /// The trained numbers: those of the architecture, or every floating-point element without one.
  public let parameters: Int
  /// The content digest of the tensors.
  public let digest: String
  /// What a user should know all the same, for example that the classes have no order.
  public let warnings: [String]

  /// Plans the conversion of an opened checkpoint.
  ///
  /// - Parameters:
  ///   - sourceName: the base name of the checkpoint's file; it goes into the weight file.
  ///   - options: what is to happen to the tensors on the way.
  /// - Throws: `PortError` with every key that does not fit, or where a tensor's bytes cannot be had.
  public init(
    _ checkpoint: Checkpoint, sourceName: String,
    options: ConversionOptions = ConversionOptions(), limits: ReadLimits = ReadLimits()
  ) throws(PortError) {
    let (architecture, unwrapped) = try Self.unwrap(checkpoint, options.architecture)
    let stateDict = unwrapped.stateDict
    guard !stateDict.isEmpty else {
      throw PortError(
        .mismatch, "the file holds no tensors", remedy: "give a checkpoint with a state_dict")
    }
    let known = ModelFacts(checkpoint)
    let content = try ContentDigest(of: stateDict, limits: limits)
    // A new digest must not vouch for a file that contradicts its own.
    try known.check(content, of: checkpoint, limits: limits)
    warnings = known.warnings(architecture, unwrapped)
    self.architecture = architecture
    digest = content.description
    parameters =
      architecture?.parameterCount
      ?? stateDict.entries.reduce(0) {
        $0 + ($1.tensor.dtype.isFloatingPoint ? $1.tensor.shape.elementCount : 0)
      }
    let prefix = unwrapped.prefixes.joined()
    renamed = prefix.isEmpty ? [] : stateDict.names.map { (prefix + $0, $0) }
    leftOut = Self.topLevel(checkpoint).filter {
      $0 != unwrapped.container && !Self.carried.contains($0)
    }
    var contents = WeightFile(
      tensors: stateDict,
      facts: Self.facts(
        known, content: content, architecture: architecture, parameters: parameters,
        names: stateDict.names, sourceName: sourceName),
      digests: content.tensors)
    contents.isCompressed = options.isCompressed
    self.contents = contents
  }

  /// Keys of a checkpoint whose content becomes a fact of the weight file.
  private static let carried: Set<String> = ["epoch", "best_val_acc", "class_to_idx"]

  private static func unwrap(
    _ checkpoint: Checkpoint, _ choice: ConversionOptions.ArchitectureChoice
  ) throws(PortError) -> (Architecture?, UnwrappedStateDict) {
    do throws(PortError) {
      switch choice {
      case .none: return (nil, try UnwrappedStateDict(of: checkpoint))
      case .named(let architecture): return (architecture, try architecture.unwrap(checkpoint))
      case .automatic:
        let found = try Architecture.fitting(
          checkpoint, stated: ModelFacts(checkpoint).architecture)
        return (found.architecture, found.unwrapped)
      }
    } catch {
      guard error.kind == .mismatch else { throw error }
      throw error.advising("or convert without an architecture: --architecture none")
    }
  }

  /// The keys of a torch checkpoint's dict; a weight file's facts are not left out but renewed.
  private static func topLevel(_ checkpoint: Checkpoint) -> [String] {
    let tree = checkpoint.metadata
    guard let root = tree.root, case .dict(let entries) = tree[root] else { return [] }
    return entries.compactMap { entry in
      if case .tensor = tree[entry.value] { return nil }
      let key = tree.pathComponent(entry.key)
      return key.hasPrefix("torchport.") ? nil : key
    }
  }

  private static func facts(
    _ known: ModelFacts, content: ContentDigest, architecture: Architecture?, parameters: Int,
    names: [String], sourceName: String
  ) -> [String: String] {
    var facts = [
      "profile": "1",
      "architecture": architecture?.name ?? "none",
      "parameters": String(parameters),
      "order": JSONValue.array(names.map(JSONValue.string)).text(),
      "precision": "exact",
      "batch_norm": "separate",
      // A file that was made from another keeps the first source's name and digest.
      "source.name": known.sourceName ?? sourceName,
      "source.digest": known.sourceDigest ?? content.description,
      "digest": content.description,
    ]
    if let classes = known.classes {
      facts["classes"] = JSONValue.array(classes.map(JSONValue.string)).text()
    }
    if let epoch = known.epoch { facts["epoch"] = String(epoch) }
    // Not as JSON, which has no NaN: a fact is a text, and is read as a number again.
    if let accuracy = known.bestValidationAccuracy { facts["best_val_acc"] = "\(accuracy)" }
    return facts
  }
}

extension PortError {
  /// The same error with more advice after the advice it has.
  func advising(_ more: String) -> PortError {
    var copy = self
    copy.remedy = remedy.map { $0 + ", " + more } ?? more
    return copy
  }
}
