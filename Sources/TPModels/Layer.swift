/// One step of a forward pass: what it does, and the name of the module that holds its parameters.
public struct Layer: Hashable, Sendable {
  /// What a layer does.
  public enum Kind: Hashable, Sendable {
    /// `torch.nn.Conv3d` with bias, without dilation or groups.
    case conv3d(Conv3d)
    /// `torch.nn.BatchNorm1d` and `BatchNorm3d` in eval mode, over dimension 1.
    case batchNorm(BatchNorm)
    /// `torch.relu`.
    case relu
    /// `torch.nn.MaxPool3d` without padding.
    case maxPool3d(MaxPool3d)
    /// `torch.nn.AdaptiveAvgPool3d` to depth, height, width.
    case adaptiveAveragePool3d([Int])
    /// `torch.Tensor.permute`; axis 0 counts the clips and stays first.
    case permute([Int])
    /// `torch.Tensor.flatten(from)`; axis 0 counts the clips.
    case flatten(from: Int)
    /// `torch.nn.LSTM` with `batch_first`, one layer, one direction; the whole sequence goes on.
    case lstm(LSTM)
    /// `x[:, -1]`: the last step of a sequence.
    case lastStep
    /// `torch.nn.Dropout`: nothing in eval mode.
    case dropout(Double)
    /// `torch.nn.Linear` with bias, over the last dimension.
    case linear(Linear)
  }

  /// A convolution over depth, height, width; padded with zeros.
  public struct Conv3d: Hashable, Sendable {
    /// Channels of the input.
    public var inputs: Int
    /// Channels of the output.
    public var outputs: Int
    /// Extents of the kernel.
    public var kernel: [Int]
    /// Steps between outputs.
    public var stride: [Int]
    /// Zeros on both sides.
    public var padding: [Int]

    /// A convolution; each of the lists is depth, height, width.
    public init(
      _ inputs: Int, _ outputs: Int, kernel: [Int], stride: [Int] = [1, 1, 1],
      padding: [Int] = [0, 0, 0]
    ) {
      self.inputs = inputs
      self.outputs = outputs
      self.kernel = kernel
      self.stride = stride
      self.padding = padding
    }
  }

  /// Batch normalisation with running statistics.
  public struct BatchNorm: Hashable, Sendable {
    /// Channels.
    public var features: Int
    /// Added to the variance.
    public var epsilon: Double
    /// How fast the running statistics move in training; of no effect here.
    public var momentum: Double

    /// Batch normalisation with PyTorch's defaults.
    public init(_ features: Int, epsilon: Double = 1e-5, momentum: Double = 0.1) {
      self.features = features
      self.epsilon = epsilon
      self.momentum = momentum
    }
  }

  /// Maxima over windows of depth, height, width; windows that do not fit whole are left out.
  public struct MaxPool3d: Hashable, Sendable {
    /// Extents of the window.
    public var kernel: [Int]
    /// Steps between windows.
    public var stride: [Int]

    /// Pooling; windows touch unless a stride is given.
    public init(_ kernel: [Int], stride: [Int]? = nil) {
      self.kernel = kernel
      self.stride = stride ?? kernel
    }
  }

  /// A long short-term memory; the rows of its weights are the gates i, f, g, o.
  public struct LSTM: Hashable, Sendable {
    /// Features of each step of the input.
    public var inputs: Int
    /// Features of each step of the output.
    public var hidden: Int

    /// An LSTM that starts from zeros.
    public init(_ inputs: Int, hidden: Int) {
      self.inputs = inputs
      self.hidden = hidden
    }
  }

  /// A matrix and a bias.
  public struct Linear: Hashable, Sendable {
    /// Features of the input.
    public var inputs: Int
    /// Features of the output.
    public var outputs: Int

    /// A linear layer.
    public init(_ inputs: Int, _ outputs: Int) {
      self.inputs = inputs
      self.outputs = outputs
    }
  }

  /// The name of the module, as in the state_dict; `nil` for a function call without a module.
  public var name: String?
  /// What it does.
  public var kind: Kind
  /// The batch norm that was folded into this layer, whose output this layer's is; `nil` where none
  /// was.
  public var foldedNorm: String?

  /// A layer that is a module.
  public init(_ name: String, _ kind: Kind, foldedNorm: String? = nil) {
    self.name = name
    self.kind = kind
    self.foldedNorm = foldedNorm
  }

  /// A layer that is a function call.
  public init(_ kind: Kind) {
    name = nil
    self.kind = kind
    foldedNorm = nil
  }

  /// The name of the output: the module's, or that of the batch norm that was folded into it; `nil`
  /// for a function call, and for dropout, which changes nothing.
  public var activation: String? {
    if case .dropout = kind { return nil }
    return foldedNorm ?? name
  }

  /// The key of one of the layer's entries in the state_dict, for example `conv3d1.weight`.
  package func key(_ suffix: String) -> String {
    name.map { "\($0).\(suffix)" } ?? suffix
  }

  /// The layer in words, for errors: `conv3d2 (Conv3d)`.
  var description: String {
    let type =
      switch kind {
      case .conv3d: "Conv3d"
      case .batchNorm: "BatchNorm"
      case .relu: "ReLU"
      case .maxPool3d: "MaxPool3d"
      case .adaptiveAveragePool3d: "AdaptiveAvgPool3d"
      case .permute: "permute"
      case .flatten: "flatten"
      case .lstm: "LSTM"
      case .lastStep: "last step"
      case .dropout: "Dropout"
      case .linear: "Linear"
      }
    return name.map { "\($0) (\(type))" } ?? type
  }
}
