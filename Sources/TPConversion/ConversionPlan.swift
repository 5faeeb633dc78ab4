public import TPBytes
public import TPCheckpoints
public import TPModels
internal import TPParity
public import TPTensors

/// What a conversion will do, before anything is written: which tensors under which names, and what
/// the file will say about them.
public struct ConversionPlan: Sendable {
  /// The architecture that the tensors fit; `nil` where none was asked for.
  public let architecture: Architecture?
  /// What is written, in the order of the state_dict.
  public internal(set) var contents: WeightFile
  /// Where each tensor that is written comes from, and what was done to it.
  let origins: TensorOrigins
  /// The tensors that the map leaves out.
  public let dropped: [Dropped]
  /// The key that the state_dict was under, for example `model_state_dict`; `nil` at the root.
  public let container: String?
  /// Names that change on the way, wrappers' prefixes taken off.
  public let renamed: [(from: String, to: String)]
  /// Top-level parts of the checkpoint that the weight file carries along with the model.
  public let kept: [String]
  /// Top-level parts of the checkpoint that the weight file does not carry.
  public let leftOut: [String]
  /// The trained numbers: those of the architecture, or every floating-point element without one.
  public let parameters: Int
  /// The content digest of the tensors.
  public let digest: String
  /// Through which types the source's numbers went.
  public let precision: StoredPrecision
  /// The tensors whose type changed.
  public let roundings: [TensorRounding]
  /// The batch norms that were folded now.
  public let folded: [FoldedLayer]
  /// Whose names and layouts the tensors have in the file.
  public let layout: ConversionOptions.Layout
  /// The LSTMs whose two biases are written as their sum.
  public let summedBiases: [String]
  /// How the type of each tensor was chosen; `nil` where it was not.
  public let budget: PrecisionBudget?
  /// The weights before numbers were changed; `nil` where none was, or without an architecture.
  let before: UnchangedWeights?
  /// What a user should know all the same, for example that the classes have no order.
  public let warnings: [String]

  /// Plans the conversion of an opened checkpoint.
  ///
  /// - Parameters:
  ///   - checkpoint: what is converted.
  ///   - sourceName: the base name of the checkpoint's file; it goes into the weight file.
  ///   - options: what is to happen to the tensors on the way.
  ///   - limits: the bounds on what may be made of it.
  /// - Throws: `PortError` with every key that does not fit, or where a tensor's bytes cannot be had.
  public init(
    _ checkpoint: Checkpoint, sourceName: String,
    options: ConversionOptions = ConversionOptions(), limits: ReadLimits = ReadLimits()
  ) throws(PortError) {
    let (checkpoint, quantized) = try checkpoint.dequantized(limits: limits)
    let (fitting, unwrapped) = try Self.unwrap(checkpoint, options)
    guard !unwrapped.stateDict.isEmpty else {
      throw PortError(
        .mismatch, "the file holds no tensors", remedy: "give a checkpoint with a state_dict")
    }
    let known = ModelFacts(checkpoint)
    let source = try ContentDigest(of: unwrapped.stateDict, limits: limits)
    // A new digest must not vouch for a file that contradicts its own.
    try known.check(source, of: checkpoint, limits: limits)
    try known.checkPrecision(of: unwrapped.stateDict, in: checkpoint)
    let prefix = unwrapped.prefixes.joined()
    var mapped = MappedTensors(unwrapped.stateDict, prefix: prefix)
    if let map = options.map {
      guard unwrapped.stateDict.quantisedNames.isEmpty else {
        throw PortError(
          .unsupported, "a map moves numbers about, and these are int8 with scales beside them",
          remedy: "convert to float32 first: --dtype float32")
      }
      mapped = try map.apply(to: unwrapped.stateDict, prefix: prefix)
    }
    let origins = mapped.origins
    let arithmetic = try ConvertedArithmetic(
      try mapped.stateDict(), fitting, known.storedPrecision.moved(origins, prefix: prefix),
      origins, options, limits: limits)
    let stateDict = arithmetic.stateDict
    let content =
      options.map == nil && arithmetic.isUnchanged
      ? source : try ContentDigest(of: stateDict, limits: limits)
    dropped = mapped.dropped
    container = unwrapped.container
    architecture = arithmetic.architecture
    precision = arithmetic.precision
    roundings = arithmetic.roundings
    folded = arithmetic.folded
    budget = arithmetic.budget
    before =
      arithmetic.isUnchanged
      ? nil
      : UnchangedWeights(
        try mapped.stateDict(), fitting, known.storedPrecision.moved(origins, prefix: prefix),
        folded: known.folded)
    digest = content.description
    let numbers = Self.floatingPointCount(try mapped.stateDict())
    parameters = architecture?.parameterCount ?? numbers
    renamed = stateDict.names.compactMap { name in
      guard let sources = origins[name]?.sources, sources.count == 1, sources[0] != name else {
        return nil
      }
      return (sources[0], name)
    }
    var contents = WeightFile(
      tensors: stateDict,
      facts: Self.facts(
        known, source: source, content: content, arithmetic, parameters: parameters,
        sourceName: sourceName, description: options.architecture.description(known),
        map: try MapFact.text(known, options.map)),
      digests: content.tensors)
    var past = arithmetic.origins
    let parts = try Self.addParts(
      options.keep, of: checkpoint, container: unwrapped.container, prefix: prefix, to: &contents,
      &past, limits: limits)
    kept = parts.kept
    let isThere = Self.carried.union(parts.kept)
    leftOut = Self.otherParts(checkpoint, container: unwrapped.container).filter {
      !isThere.contains($0)
    }
    let optimizer = KeptOptimizer(
      unwrapped.stateDict, mapped, folded: arithmetic.folded, prefix: prefix)
    var warnings: [String] = known.warnings(fitting, unwrapped)
    warnings += options.architecture.warnings(known)
    warnings += quantized
    warnings += unwrapped.stateDict.madeDense
    warnings += checkpoint.ignoredChecksums(limits: limits)
    warnings += arithmetic.warnings
    warnings += parts.warnings
    warnings += optimizer.warnings(parts.kept, of: checkpoint)
    self.warnings = warnings
    contents.isCompressed = options.isCompressed
    layout = options.layout
    summedBiases = arithmetic.summedBiases
    // Without an architecture this layout was refused before.
    if options.layout == .keras, let architecture {
      let placed = try KerasLayout(
        architecture, &contents, past, limits: limits)
      self.origins = placed.origins
    } else {
      self.origins = past
    }
    self.contents = contents
  }

  /// The floating-point elements of any model; scales of int8 are none of its own.
  private static func floatingPointCount(_ stateDict: StateDict) -> Int {
    let quantised = Set(stateDict.quantisedNames)
    let scales = Set(quantised.map { $0 + StateDict.scaleSuffix })
    return stateDict.entries.reduce(0) { count, entry in
      let counts =
        entry.tensor.dtype.isFloatingPoint && !scales.contains(entry.name)
        && !StateDict.isRunningStatistic(entry.name)
        || quantised.contains(entry.name)
      return count + (counts ? entry.tensor.shape.elementCount : 0)
    }
  }

  /// Keys of a checkpoint whose content becomes a fact of the weight file.
  private static let carried: Set<String> = ["epoch", "best_val_acc", "class_to_idx"]

  private static func unwrap(
    _ checkpoint: Checkpoint, _ options: ConversionOptions
  ) throws(PortError) -> (Architecture?, UnwrappedStateDict) {
    let trial = options.map.map(MapTrial.init)
    var mapped: Architecture.Mapping?
    if let trial {
      mapped = { (tensors: StateDict) throws(PortError) -> StateDict in try trial.apply(tensors) }
    }
    do throws(PortError) {
      switch options.architecture {
      case .none: return (nil, try UnwrappedStateDict(of: checkpoint))
      case .named(let architecture):
        return try architecture.fit(
          checkpoint, batchNorm: ModelFacts(checkpoint).batchNorm, mapped: mapped)
      case .automatic:
        let known = ModelFacts(checkpoint)
        return try Architecture.fitting(
          checkpoint, stated: known.statedArchitecture, batchNorm: known.batchNorm,
          mapped: mapped)
      }
    } catch {
      // Without an architecture, too, the rule would not fit.
      guard error.kind == .mismatch, error.message != trial?.fault?.message else { throw error }
      throw error.advising("or convert without an architecture: --architecture none")
    }
  }

  /// The keys of a torch checkpoint's dict beside the model's; a weight file's facts are not left out
  /// but renewed. Where the file is the state_dict, what holds tensors and nothing else is part of it.
  private static func otherParts(_ checkpoint: Checkpoint, container: String?) -> [String] {
    checkpoint.parts.compactMap { key, entry in
      if key == container { return nil }
      if case .tensor = checkpoint.metadata[entry.value] { return nil }
      return container == nil && checkpoint.metadata.holdsOnlyTensors(entry.value) ? nil : key
    }
  }

  private static func facts(
    _ known: ModelFacts, source: ContentDigest, content: ContentDigest,
    _ arithmetic: ConvertedArithmetic, parameters: Int, sourceName: String,
    description: String?, map: String?
  ) -> [String: String] {
    var facts = [
      "profile": "1",
      "architecture": arithmetic.architecture?.name ?? "none",
      "parameters": String(parameters),
      "order": JSONValue.array(arithmetic.stateDict.names.map(JSONValue.string)).text(),
      "precision": arithmetic.precision.fact,
      "batch_norm": arithmetic.isFolded(known) ? "folded" : "separate",
      // A file that was made from another keeps the first source's name and digest.
      "source.name": known.sourceName ?? sourceName,
      "source.digest": known.sourceDigest ?? source.description,
      "digest": content.description,
    ]
    if arithmetic.isFolded(known) { facts["folded"] = arithmetic.foldedFact ?? known.folded }
    if let classes = known.classes {
      facts["classes"] = JSONValue.array(classes.map(JSONValue.string)).text()
    }
    if let map { facts["map"] = map }
    facts[Architecture.Statement.descriptionFact] = description
    // What was proven of these numbers in another file holds here, too.
    if known.statedDigest == content.description { facts["parity"] = known.parity }
    if let epoch = known.epoch { facts["epoch"] = String(epoch) }
    if known.hasSummedBiases || !arithmetic.summedBiases.isEmpty { facts["lstm_bias"] = "summed" }
    // Not as JSON, which has no NaN: a fact is a text, and is read as a number again.
    if let accuracy = known.bestValidationAccuracy { facts["best_val_acc"] = "\(accuracy)" }
    return facts
  }
}

/// A map that is tried on what may be the state_dict, and what went wrong first.
private final class MapTrial {
  private let map: TensorMap
  private(set) var fault: PortError?

  init(_ map: TensorMap) { self.map = map }

  func apply(_ tensors: StateDict) throws(PortError) -> StateDict {
    do throws(PortError) {
      return try map.apply(to: tensors).stateDict()
    } catch {
      fault = fault ?? error
      throw error
    }
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
