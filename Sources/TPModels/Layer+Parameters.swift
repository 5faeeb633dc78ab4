public import TPTensors

/// One entry of the state_dict that an architecture expects.
public struct ParameterSpec: Hashable, Sendable {
  /// Whether an entry is trained.
  public enum Kind: String, Hashable, Sendable {
    /// A trained parameter.
    case parameter
    /// State that is saved and not trained: running statistics.
    case buffer
  }

  /// The key, for example `conv3d1.weight`.
  public let name: String
  /// The extents.
  public let shape: Shape
  /// The type in which PyTorch trains it.
  public let dtype: DType
  /// Whether it is trained.
  public let kind: Kind
}

extension Layer {
  /// The entries of this layer in the order of the state_dict.
  ///
  /// - Precondition: the hyperparameters have been checked.
  var parameters: [ParameterSpec] {
    func spec(
      _ suffix: String, _ extents: [Int], _ dtype: DType = .float32,
      _ kind: ParameterSpec.Kind = .parameter
    ) -> ParameterSpec {
      ParameterSpec(name: key(suffix), shape: Shape(known: extents), dtype: dtype, kind: kind)
    }
    switch kind {
    case .conv3d(let conv):
      return [
        spec("weight", [conv.outputs, conv.inputs] + conv.kernel), spec("bias", [conv.outputs]),
      ]
    case .batchNorm(let norm):
      return [
        spec("weight", [norm.features]), spec("bias", [norm.features]),
        spec("running_mean", [norm.features], .float32, .buffer),
        spec("running_var", [norm.features], .float32, .buffer),
        spec("num_batches_tracked", [], .int64, .buffer),
      ]
    case .lstm(let lstm):
      return [
        spec("weight_ih_l0", [4 * lstm.hidden, lstm.inputs]),
        spec("weight_hh_l0", [4 * lstm.hidden, lstm.hidden]),
        spec("bias_ih_l0", [4 * lstm.hidden]), spec("bias_hh_l0", [4 * lstm.hidden]),
      ]
    case .linear(let linear):
      return [spec("weight", [linear.outputs, linear.inputs]), spec("bias", [linear.outputs])]
    case .relu, .maxPool3d, .adaptiveAveragePool3d, .permute, .flatten, .lastStep, .dropout:
      return []
    }
  }

  /// Multiply-adds for an output of this shape (without the clips).
  func multiplyAdds(output: [Int], input: [Int]) -> Int {
    let elements = output.reduce(1, *)
    switch kind {
    case .conv3d(let conv): return elements * conv.inputs * conv.kernel.reduce(1, *)
    case .lstm(let lstm): return elements * 4 * (lstm.inputs + lstm.hidden)
    case .linear(let linear): return elements * linear.inputs
    default: return 0
    }
  }
}
