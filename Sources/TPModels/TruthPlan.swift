internal import CTPKernels

/// The layers made ready for float64 with rounding noise, and the buffers of one pass.
///
/// Noise is carried as variances, so that only what is recorded takes a square root.
struct TruthPlan: Sendable {
  /// Weights for the value, for the sum of magnitudes, for the variance.
  struct Triple<Part: Sendable>: Sendable {
    let value: Part
    var magnitude: Part
    let variance: Part

    init(_ make: (_ map: @escaping (Float) -> Double) -> Part) {
      value = make { Double($0) }
      magnitude = make { abs(Double($0)) }
      variance = make { Double($0) * Double($0) }
    }
  }

  enum Step: Sendable {
    case convolution(Triple<PackedConvolution>)
    case batchNorm(channels: Int, count: Int, scale: [Double], shift: [Double], mean: [Double])
    /// `size` is what stands for the bias in the sum of magnitudes.
    case linear(Triple<PackedMatrix>, bias: [Double], size: [Double], rows: Int, outputs: Int)
    case lstm(Triple<Recurrence>)
    /// Nothing is multiplied or added: values and variances go the same way.
    case plain(TPModels.Step)
  }

  let steps: [Step]
  /// Of the batch norm that was folded into each layer, where it is known.
  let foldedNoise: [FoldedNoise?]
  var value: Workspace
  var noise: Workspace
  /// sum |w| |x| + |b| of each output of a layer.
  var magnitude: [Double]
  /// Whether every variance is still 0, as it is for the input.
  var isExact = true

  init(_ architecture: Architecture, _ weights: BoundWeights) {
    var padding = 0
    let folded = architecture.layers.map { layer in
      layer.foldedNorm == nil ? nil : layer.name.flatMap { weights.foldedNoise[$0] }
    }
    foldedNoise = folded
    steps = architecture.layers.indices.map { index in
      let layer = architecture.layers[index]
      let input = architecture.inputExtents(of: index)
      let output = architecture.outputs[index]
      switch layer.kind {
      case .conv3d(let conv):
        let sizes = conv.sizes(input: input, output: output)
        padding = max(padding, sizes.paddedCount)
        let rows = layer.values("weight", weights)
        let bias = layer.values("bias", weights)
        var triple = Triple { PackedConvolution(sizes: sizes, rows, bias, $0) }
        if let own = folded[index]?.ownBias(bias) {
          triple.magnitude = PackedConvolution(sizes: sizes, rows, own) { abs(Double($0)) }
        }
        return .convolution(triple)
      case .batchNorm(let norm):
        let parts = layer.scaleAndShift(norm, weights)
        return .batchNorm(
          channels: norm.features, count: input.dropFirst().reduce(1, *), scale: parts.scale,
          shift: parts.shift, mean: parts.mean)
      case .linear(let linear):
        let rows = layer.values("weight", weights)
        let triple = Triple {
          PackedMatrix(rows, outputs: linear.outputs, inputs: linear.inputs, $0)
        }
        let bias = layer.values("bias", weights)
        let own = folded[index]?.ownBias(bias) ?? bias
        return .linear(
          triple, bias: triple.value.padded(bias.map { Double($0) }),
          size: triple.value.padded(own.map { abs(Double($0)) }),
          rows: input.dropLast().reduce(1, *), outputs: linear.outputs)
      case .lstm(let lstm):
        return .lstm(Triple { layer.recurrence(lstm, steps: input[0], weights, $0) })
      default:
        return .plain(layer.step(input: input, output: output))
      }
    }
    let elements = architecture.largestActivation
    value = Workspace(elements: elements, padded: padding)
    noise = Workspace(elements: elements, padded: padding)
    magnitude = Array(repeating: 0, count: elements)
  }

  /// Begins with a clip, which is exact.
  mutating func start(_ clip: ArraySlice<Float>) {
    unsafe value.current.withUnsafeMutableBufferPointer { values in
      for (index, element) in clip.enumerated() { unsafe values[index] = Double(element) }
    }
    unsafe noise.current.withUnsafeMutableBufferPointer {
      unsafe $0[..<clip.count].update(repeating: 0)
    }
    isExact = true
  }
}
