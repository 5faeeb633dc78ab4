extension Layer {
  /// Batch normalisation with running statistics.
  public struct BatchNorm: Hashable, Sendable {
    /// Channels.
    public var features: Int
    /// Added to the variance.
    public var epsilon: Double
    /// How fast the running statistics move in training; of no effect here.
    public var momentum: Double
    /// Whether there are a weight and a bias.
    public var isAffine: Bool
    /// How many axes follow the channels; 1 allows for none, too, and `nil` for any number.
    public var rank: Int?

    /// Batch normalisation with PyTorch's defaults.
    public init(
      _ features: Int, epsilon: Double = 1e-5, momentum: Double = 0.1, isAffine: Bool = true,
      rank: Int? = nil
    ) {
      self.features = features
      self.epsilon = epsilon
      self.momentum = momentum
      self.isAffine = isAffine
      self.rank = rank
    }
  }

  /// Normalisation over the last axes.
  public struct LayerNorm: Hashable, Sendable {
    /// The extents of the last axes.
    public var shape: [Int]
    /// Added to the variance.
    public var epsilon: Double
    /// Whether there is a weight.
    public var hasWeight: Bool
    /// Whether there is a bias.
    public var hasBias: Bool

    /// Layer normalisation with PyTorch's defaults.
    public init(
      _ shape: [Int], epsilon: Double = 1e-5, hasWeight: Bool = true, hasBias: Bool = true
    ) {
      self.shape = shape
      self.epsilon = epsilon
      self.hasWeight = hasWeight
      self.hasBias = hasBias
    }
  }

  /// Recurrent layers that start from zeros.
  public struct Recurrent: Hashable, Sendable {
    /// What is computed in each step.
    public enum Cell: String, Hashable, Sendable, CaseIterable {
      /// The rows of its weights are the gates i, f, g, o.
      case lstm = "LSTM"
      /// The rows of its weights are the gates r, z, n.
      case gru = "GRU"

      /// Blocks of rows of the weights.
      package var gates: Int { self == .lstm ? 4 : 3 }
    }

    /// What is computed in each step.
    public var cell: Cell
    /// Features of each step of the input.
    public var inputs: Int
    /// Features of each step of the output, for each direction.
    public var hidden: Int
    /// How many such layers follow each other.
    public var layers: Int
    /// Whether the sequence is read from its end, too.
    public var isBidirectional: Bool
    /// Whether there are biases.
    public var hasBias: Bool

    /// Layers with PyTorch's defaults.
    public init(
      _ cell: Cell, _ inputs: Int, hidden: Int, layers: Int = 1, isBidirectional: Bool = false,
      hasBias: Bool = true
    ) {
      self.cell = cell
      self.inputs = inputs
      self.hidden = hidden
      self.layers = layers
      self.isBidirectional = isBidirectional
      self.hasBias = hasBias
    }

    /// Readings of the sequence.
    package var directions: Int { isBidirectional ? 2 : 1 }
    /// Features of each step of the output.
    package var outputs: Int { directions * hidden }
    /// Whether it is one LSTM that reads forward.
    package var isSingleLSTM: Bool { cell == .lstm && layers == 1 && !isBidirectional && hasBias }

    /// Features of each step of what a layer reads.
    package func inputs(ofLayer layer: Int) -> Int { layer == 0 ? inputs : outputs }

    /// What the keys of a layer and direction end with: `_l0`, `_l1_reverse`.
    package static func suffix(layer: Int, direction: Int) -> String {
      "_l\(layer)" + (direction == 0 ? "" : "_reverse")
    }
  }

  /// A matrix and a bias.
  public struct Linear: Hashable, Sendable {
    /// Features of the input.
    public var inputs: Int
    /// Features of the output.
    public var outputs: Int
    /// Whether there is a bias.
    public var hasBias: Bool

    /// A linear layer.
    public init(_ inputs: Int, _ outputs: Int, hasBias: Bool = true) {
      self.inputs = inputs
      self.outputs = outputs
      self.hasBias = hasBias
    }
  }
}
