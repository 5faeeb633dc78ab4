internal import TPBytes

/// One step of a forward pass: what it does, and the name of the module that holds its parameters.
public struct Layer: Hashable, Sendable {
  /// What a layer does. Axis 0 counts the clips, as in PyTorch, wherever an axis is given.
  public enum Kind: Hashable, Sendable {
    /// `torch.nn.Conv1d`, `Conv2d`, `Conv3d`.
    case convolution(Convolution)
    /// `torch.nn.BatchNorm1d`, `BatchNorm2d`, `BatchNorm3d` in eval mode, over axis 1.
    case batchNorm(BatchNorm)
    /// `torch.nn.LayerNorm`.
    case layerNorm(LayerNorm)
    /// `torch.relu`.
    case relu
    /// `torch.nn.LeakyReLU` with its negative slope.
    case leakyRelu(slope: Double)
    /// `torch.tanh`.
    case tanh
    /// `torch.sigmoid`.
    case sigmoid
    /// `torch.softmax` or `torch.log_softmax`; a negative axis is counted from the last.
    case softmax(axis: Int, logarithm: Bool)
    /// `torch.nn.MaxPool1d`, `MaxPool2d`, `MaxPool3d`.
    case maxPool(Pool)
    /// `torch.nn.AvgPool1d`, `AvgPool2d`, `AvgPool3d`.
    case averagePool(Pool)
    /// `torch.nn.AdaptiveMaxPool1d` and its like, to these extents; `nil` keeps the input's.
    case adaptiveMaxPool([Int?])
    /// `torch.nn.AdaptiveAvgPool1d` and its like, to these extents; `nil` keeps the input's.
    case adaptiveAveragePool([Int?])
    /// `torch.Tensor.permute`; axis 0 stays first.
    case permute([Int])
    /// `torch.Tensor.flatten(from, through)`; a negative end is counted from the last axis.
    case flatten(from: Int, through: Int = -1)
    /// `torch.Tensor.reshape` to these extents after that of the clips; one may be -1.
    case reshape([Int])
    /// `torch.nn.LSTM` and `GRU` with `batch_first`; the whole sequence of the last layer goes on.
    case recurrent(Recurrent)
    /// `x[:, -1]`: the last step of a sequence.
    case lastStep
    /// `torch.nn.Dropout`: nothing in eval mode.
    case dropout(Double)
    /// `torch.nn.Linear`, over the last axis.
    case linear(Linear)
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
    name.map { "\(printable($0)) (\(kind.type))" } ?? kind.type
  }
}

extension Layer.Kind {
  /// What PyTorch calls it, which is what a description in JSON calls it: `Conv3d`, `permute`.
  public var type: String {
    switch self {
    case .convolution(let conv): "Conv\(conv.kernel.count)d"
    case .batchNorm(let norm): norm.rank.map { "BatchNorm\($0)d" } ?? "BatchNorm"
    case .layerNorm: "LayerNorm"
    case .relu: "ReLU"
    case .leakyRelu: "LeakyReLU"
    case .tanh: "Tanh"
    case .sigmoid: "Sigmoid"
    case .softmax(_, let logarithm): logarithm ? "LogSoftmax" : "Softmax"
    case .maxPool(let pool): "MaxPool\(pool.kernel.count)d"
    case .averagePool(let pool): "AvgPool\(pool.kernel.count)d"
    case .adaptiveMaxPool(let extents): "AdaptiveMaxPool\(extents.count)d"
    case .adaptiveAveragePool(let extents): "AdaptiveAvgPool\(extents.count)d"
    case .permute: "permute"
    case .flatten: "Flatten"
    case .reshape: "reshape"
    case .recurrent(let recurrent): recurrent.cell.rawValue
    case .lastStep: "last_step"
    case .dropout: "Dropout"
    case .linear: "Linear"
    }
  }
}
