public import TPBytes
public import TPCheckpoints
public import TPModels
public import TPTensors

/// Weights that were found in a file, fit an architecture and can be run.
public struct LoadedModel: Sendable {
  /// Everything that the file holds.
  public let checkpoint: Checkpoint
  /// The state_dict, and what was wrapped around it.
  public let unwrapped: UnwrappedStateDict
  /// What the weights fit.
  public private(set) var architecture: Architecture
  /// The numbers.
  public let weights: BoundWeights
  /// The model that runs.
  public private(set) var network: Network
  /// What the file says besides.
  public let facts: ModelFacts
  /// What identifies the weights.
  public let digest: ContentDigest

  /// What a user should know of the file, for example that it holds another model that fits.
  public var warnings: [String] {
    facts.warnings(architecture, unwrapped) + (overrideWarning.map { [$0] } ?? [])
  }
  /// Where the file describes another network than the one that was asked for.
  private let overrideWarning: String?

  /// The same weights for clips of these extents, where only the number of frames may differ;
  /// `nil` where the architecture does not take them.
  ///
  /// - Throws: `PortError` as `Network.init` does.
  public func taking(_ extents: [Int]) throws(PortError) -> LoadedModel? {
    guard let other = architecture.taking(extents) else { return nil }
    if other == architecture { return self }
    var copy = self
    copy.network = try Network(other, weights, variant: network.variant)
    copy.architecture = other
    return copy
  }

  /// Opens weights in a file of any format.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - architecture: what the weights belong to, with its batch norms folded or not; without it
  ///     the file's own word or description is taken, else the built-in architecture that they fit.
  ///   - limits: the bounds on what the file may ask for.
  ///   - kernels: what runs the network.
  /// - Throws: `PortError` that names the file: unreadable, no architecture fits, or its tensors
  ///   contradict the digest that it states.
  public static func open(
    path: String, architecture: Architecture? = nil, limits: ReadLimits = ReadLimits(),
    kernels: KernelVariant = .best
  ) throws(PortError) -> LoadedModel {
    do throws(PortError) {
      return try LoadedModel(
        try CheckpointFile.open(path: path, limits: limits), architecture: architecture,
        limits: limits, kernels: kernels)
    } catch {
      throw error.in(file: path)
    }
  }

  /// Takes the weights out of a checkpoint.
  ///
  /// - Throws: `PortError` as `open(path:architecture:limits:)` does, without the file.
  public init(
    _ checkpoint: Checkpoint, architecture: Architecture? = nil, limits: ReadLimits = ReadLimits(),
    kernels: KernelVariant = .best
  ) throws(PortError) {
    let facts = ModelFacts(checkpoint)
    let found =
      if let architecture {
        try architecture.fit(checkpoint, batchNorm: facts.batchNorm)
      } else {
        try Architecture.fitting(
          checkpoint, stated: facts.statedArchitecture, batchNorm: facts.batchNorm)
      }
    try facts.checkPrecision(of: found.unwrapped.stateDict, in: checkpoint)
    let digest = try ContentDigest(of: found.unwrapped.stateDict, limits: limits)
    try facts.check(digest, of: checkpoint, limits: limits)
    var weights = try found.architecture.bind(found.unwrapped.stateDict)
    if let folded = facts.folded, found.architecture.isFolded {
      weights.foldedNoise = try found.architecture.foldedNoise(fact: folded)
    }
    self.checkpoint = checkpoint
    self.facts = facts
    overrideWarning = facts.overrideWarning(architecture)
    self.digest = digest
    self.weights = weights
    unwrapped = found.unwrapped
    self.architecture = found.architecture
    network = try Network(found.architecture, weights, variant: kernels)
  }
}
