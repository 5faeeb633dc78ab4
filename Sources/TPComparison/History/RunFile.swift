public import TPBytes
internal import TPCheckpoints
internal import TPModels
public import TPTensors

/// One checkpoint of a run: what it says of itself, without its tensors.
public struct RunFile: Sendable {
  /// A batch norm's counter of batches.
  public struct Counter: Hashable, Sendable {
    /// The tensor, for example `bn3d1.num_batches_tracked`.
    public var name: String
    /// How many batches it has seen.
    public var batches: Int
  }

  /// The path, as the user gave it or as it was found.
  public var path: String
  /// How the file is built.
  public var container: Checkpoint.Container
  /// The epoch after which it was saved; `nil` where the file does not say, or says something that is
  /// no integer of 64 bits.
  public var epoch: Int?
  /// The best validation accuracy so far, as the training wrote it.
  public var bestAccuracy: Double?
  /// The class names in index order.
  public var classes: [String]?
  /// Why `classes` is absent although the file says something about classes.
  public var classesProblem: String?
  /// The lists of losses and accuracies.
  public var curves: RecordedCurves
  /// The optimizer; `nil` where there is none.
  public var optimizer: OptimizerFacts?
  /// The content digest of the weights.
  public var digest: String
  /// The number of the model's tensors.
  public var tensors: Int
  /// The number of trainable elements: those of floating-point tensors that are not running statistics.
  public var parameters: Int
  /// Of the architectures that are known here, the one that the weights fit.
  public var architecture: String?
  /// SHA-256 over the names, types and shapes of the tensors: what two files of one architecture share.
  public var layout: String
  /// The batch norms' counters.
  public var counters: [Counter]
  /// The file, of those before it, whose weights and epoch it has: a place in ``RunHistory/files``.
  public var copyOf: Int?

  /// What follows the last slash of the path.
  public var name: String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// Whether the name says that it is the best checkpoint.
  public var isCalledBest: Bool { name.lowercased().contains("best") }

  /// Reads a file, and hashes its weights.
  ///
  /// - Throws: `PortError` where it is no checkpoint that can be read whole, or holds no tensors.
  public init(path: String, limits: ReadLimits = ReadLimits()) throws(PortError) {
    try self.init(CheckpointFile.open(path: path, limits: limits), path: path, limits: limits)
  }

  /// Takes what is needed from an opened checkpoint.
  ///
  /// - Throws: `PortError` as `init(path:limits:)`.
  public init(
    _ checkpoint: Checkpoint, path: String, limits: ReadLimits = ReadLimits()
  ) throws(PortError) {
    self.path = path
    container = checkpoint.container
    let facts = ModelFacts(checkpoint)
    epoch = facts.epoch
    bestAccuracy = facts.bestValidationAccuracy
    classes = facts.classes
    classesProblem = facts.classesProblem
    curves = RecordedCurves(checkpoint)
    optimizer = OptimizerFacts(checkpoint)
    architecture = RunFile.architecture(checkpoint, facts)
    let state: StateDict
    do throws(PortError) {
      state = try UnwrappedStateDict(of: checkpoint).stateDict
      guard !state.isEmpty else {
        throw PortError(.mismatch, "holds no tensors", remedy: "give checkpoints of a model")
      }
      digest = try ContentDigest(of: state, limits: limits).description
    } catch {
      throw error.in(file: path)
    }
    tensors = state.count
    (parameters, layout, counters) = (0, RunFile.layout(state), [])
    for entry in state.entries {
      if RunStep.isWeight(entry.name, entry.tensor) {
        parameters += entry.tensor.shape.elementCount
      } else if entry.name.hasSuffix("num_batches_tracked"),
        entry.tensor.shape.elementCount == 1, let batches = try? entry.tensor.integers().first
      {
        counters.append(Counter(name: entry.name, batches: batches))
      }
    }
  }

  private static func architecture(_ checkpoint: Checkpoint, _ facts: ModelFacts) -> String? {
    let stated = Architecture.Statement(
      name: facts.architecture, description: facts.architectureDescription)
    return (try? Architecture.fitting(checkpoint, stated: stated, batchNorm: facts.batchNorm))?
      .architecture.name
  }

  private static func layout(_ state: StateDict) -> String {
    var hash = RunningDigest("torchport-layout-1")
    let entries = state.entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    for entry in entries {
      hash.update(entry.name)
      hash.update(entry.tensor.dtype.rawValue)
      hash.update(entry.tensor.shape.rank)
      for extent in entry.tensor.shape.extents { hash.update(extent) }
    }
    return hash.description
  }
}
