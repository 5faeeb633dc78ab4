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
    case .convolution(let conv):
      let weight = spec("weight", [conv.outputs, conv.inputs / conv.groups] + conv.kernel)
      return conv.hasBias ? [weight, spec("bias", [conv.outputs])] : [weight]
    case .batchNorm(let norm):
      return (norm.isAffine ? ["weight", "bias"] : []).map { spec($0, [norm.features]) }
        + [
          spec("running_mean", [norm.features], .float32, .buffer),
          spec("running_var", [norm.features], .float32, .buffer),
          spec("num_batches_tracked", [], .int64, .buffer),
        ]
    case .layerNorm(let norm):
      return (norm.hasWeight ? [spec("weight", norm.shape)] : [])
        + (norm.hasBias ? [spec("bias", norm.shape)] : [])
    case .recurrent(let recurrent):
      let rows = recurrent.cell.gates * recurrent.hidden
      return (0..<recurrent.layers).flatMap { layer in
        (0..<recurrent.directions).flatMap { direction in
          let suffix = Recurrent.suffix(layer: layer, direction: direction)
          let weights = [
            spec("weight_ih" + suffix, [rows, recurrent.inputs(ofLayer: layer)]),
            spec("weight_hh" + suffix, [rows, recurrent.hidden]),
          ]
          return recurrent.hasBias
            ? weights + [spec("bias_ih" + suffix, [rows]), spec("bias_hh" + suffix, [rows])]
            : weights
        }
      }
    case .linear(let linear):
      let weight = spec("weight", [linear.outputs, linear.inputs])
      return linear.hasBias ? [weight, spec("bias", [linear.outputs])] : [weight]
    case .relu, .leakyRelu, .tanh, .sigmoid, .softmax, .maxPool, .averagePool, .adaptiveMaxPool,
      .adaptiveAveragePool, .permute, .flatten, .reshape, .lastStep, .dropout:
      return []
    }
  }

  /// Multiply-adds for an output of this shape (without the clips).
  func multiplyAdds(output: [Int], input: [Int]) -> Int {
    let elements = output.reduce(1, *)
    switch kind {
    case .convolution(let conv):
      return elements * (conv.inputs / conv.groups) * conv.kernel.reduce(1, *)
    case .recurrent(let recurrent):
      return (0..<recurrent.layers).reduce(0) {
        $0 + elements * recurrent.cell.gates
          * (recurrent.inputs(ofLayer: $1) + recurrent.hidden)
      }
    case .linear(let linear): return elements * linear.inputs
    default: return 0
    }
  }
}
