public import TPBytes

/// What happened over a whole training run, read off its checkpoints.
public struct RunHistory: Sendable {
  /// A learning rate that changed between two checkpoints.
  public struct RateStep: Hashable, Sendable {
    /// The parameter group.
    public var group: Int
    /// The last checkpoint with the rate before: a place in ``RunHistory/files``.
    public var from: Int
    /// The first with the rate after.
    public var to: Int
    /// The rate before.
    public var before: Double
    /// The rate after.
    public var after: Double
  }

  /// Weights that did not move at all.
  public struct FrozenTensor: Hashable, Sendable {
    /// The tensor.
    public var tensor: String
    /// The checkpoints between which every bit stayed, as long as it goes: places in
    /// ``RunHistory/files``.
    public var from: Int
    /// The last of them.
    public var to: Int
    /// Whether it never moved from the first checkpoint to the last.
    public var isThroughout: Bool
  }

  /// Files that share names, types and shapes of their tensors.
  public struct Layout: Hashable, Sendable {
    /// SHA-256 over these; see ``RunFile/layout``.
    public var digest: String
    /// The architecture, where one that is known here fits.
    public var architecture: String?
    /// The number of trainable elements.
    public var parameters: Int
    /// The files: places in ``RunHistory/files``.
    public var files: [Int]
  }

  /// The most weights of a file that are followed; what is beyond is said in ``notes``.
  public static let mostTensors = 20_000

  /// Every checkpoint that could be read: by epoch, then by path; at the end those without an epoch.
  public internal(set) var files: [RunFile] = []
  /// Why the others could not.
  public internal(set) var failures: [PortError] = []
  /// The checkpoints that steps lie between, in epoch order: places in ``files``. A copy of another
  /// (same epoch, same weights) is not among them.
  public internal(set) var sequence: [Int] = []
  /// The longest history; `nil` where no file has one.
  public internal(set) var curves: TrainingCurves?
  /// From each checkpoint of ``sequence`` to the next.
  public internal(set) var steps: [RunStep] = []
  /// Where the learning rate changed.
  public internal(set) var rateSteps: [RateStep] = []
  /// Weights that did not move between two checkpoints.
  public internal(set) var frozen: [FrozenTensor] = []
  /// Units that are dead in some checkpoint.
  public internal(set) var deadUnits: [DeadUnit] = []
  /// Tensors with NaN or infinity, in epoch order; at most one for each file: its first.
  public internal(set) var nonFinite: [NonFiniteTensor] = []
  /// The architectures, by the first file of each.
  public internal(set) var layouts: [Layout] = []
  /// What a reader should know about the files, as sentences.
  public internal(set) var notes: [String] = []

  /// The checkpoint of an epoch: the first that has it.
  public func file(ofEpoch epoch: Int) -> Int? { sequence.first { files[$0].epoch == epoch } }

  /// Adds what kept files from being looked at.
  public mutating func add(failures more: [PortError]) { failures += more }

  /// The files that hold the same weights at the same epoch as this one.
  public func copies(of place: Int) -> [Int] {
    files.indices.filter { files[$0].copyOf == place }
  }

  /// Whether two checkpoints could be compared, or a history was found.
  public var isEmpty: Bool { steps.isEmpty && curves == nil }
}
