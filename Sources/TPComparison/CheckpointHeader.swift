internal import TPBytes
internal import TPCheckpoints
public import TPTensors

/// What a checkpoint says of itself and of its training.
public struct CheckpointHeader: Sendable {
  /// A key and what stands under it, as a text.
  public struct Field: Hashable, Sendable {
    /// The key in the file.
    public var key: String
    /// The value, as Python writes it.
    public var text: String
  }

  /// A loss or an accuracy, the last of a list.
  public struct Figure: Hashable, Sendable {
    /// The key in the file.
    public var key: String
    /// The value.
    public var value: Double
  }

  /// How the file is built.
  public var container: Checkpoint.Container
  /// PyTorch's version of the format; `nil` for other formats.
  public var formatVersion: String?
  /// `torchport-digest-1` of the model's tensors; `nil` with `--quick`.
  public var digest: String?
  /// The epoch.
  public var epoch: Int?
  /// The most steps that the optimizer took for a parameter.
  public var step: Double?
  /// The learning rate of each parameter group.
  public var learningRates: [Double] = []
  /// Losses and accuracies: every number, and the last of every list of numbers, of the top level whose
  /// key has `loss` or `acc`.
  public var figures: [Figure] = []
  /// `AdamW`, `Adam`, `SGD`; `nil` where there is none or another, or the file does not tell which.
  public var optimizer: String?
  /// The hyperparameters of the first group.
  public var hyperparameters: [Field] = []
  /// The values of the scheduler, at most 200, containers in short.
  public var scheduler: [Field] = []
  /// The class names in index order.
  public var classes: [String]?
  /// The keys of the top level.
  public var parts: [String]

  init(_ checkpoint: Checkpoint, _ optimizer: OptimizerState?, _ facts: ModelFacts) {
    container = checkpoint.container
    formatVersion = checkpoint.facts.first { $0.name == "format_version" }?.value
    epoch = facts.epoch
    classes = facts.classes
    parts = checkpoint.parts.map(\.key)
    step = optimizer?.step
    self.optimizer = optimizer?.kind
    learningRates = optimizer?.groups.compactMap { $0.numbers["lr"] } ?? []
    hyperparameters =
      optimizer?.groups.first?.values.map { Field(key: $0.key, text: $0.text) } ?? []
    let tree = checkpoint.metadata
    for key in ["scheduler_state_dict", "scheduler", "lr_scheduler"] {
      guard let own = tree.value(key, of: tree.root), case .dict(let entries) = tree[own] else {
        continue
      }
      scheduler = entries.prefix(200).map {
        Field(key: tree.pathComponent($0.key), text: tree.pathComponent($0.value))
      }
      break
    }
    for (key, entry) in checkpoint.parts.prefix(1000) {
      let lower = key.lowercased()
      guard lower.contains("loss") || lower.contains("acc") else { continue }
      if let value = checkpoint.number(entry.value) {
        figures.append(Figure(key: key, value: value))
      } else if case .list(let items) = tree[entry.value], let last = items.last,
        let value = checkpoint.number(last)
      {
        figures.append(Figure(key: key, value: value))
      }
    }
  }
}
