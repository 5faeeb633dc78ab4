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
    /// Of any kind.
    case correlation(Triple<Correlation>)
    case batchNorm(channels: Int, count: Int, scale: [Double], shift: [Double], mean: [Double])
    case layerNorm(epsilon: Double, scale: [Double], shift: [Double])
    /// `size` is what stands for the bias in the sum of magnitudes.
    case linear(Triple<PackedMatrix>, bias: [Double], size: [Double], rows: Int, outputs: Int)
    /// Layers of directions.
    case recurrent([[Triple<Recurrence>]])
    case pool(PoolWindows, isMaximum: Bool)
    case pointwise(Layer.Kind)
    /// Over `count`, with `inner` elements after each.
    case softmax(count: Int, inner: Int, logarithm: Bool)
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
    self.init(
      architecture.layers, input: architecture.input, outputs: architecture.outputs, weights)
  }

  /// Layers that follow each other.
  ///
  /// - Parameters:
  ///   - input: the extents of what the first reads.
  ///   - outputs: the extents of what each gives.
  init(_ layers: [Layer], input first: [Int], outputs: [[Int]], _ weights: BoundWeights) {
    var padding = 0
    let folded = layers.map { layer in
      layer.foldedNorm == nil ? nil : layer.name.flatMap { weights.foldedNoise[$0] }
    }
    foldedNoise = folded
    steps = layers.indices.map { index in
      TruthPlan.step(
        layers[index], input: index == 0 ? first : outputs[index - 1], output: outputs[index],
        weights, folded[index], padding: &padding)
    }
    let elements = ([first] + outputs).reduce(0) { max($0, $1.reduce(1, *)) }
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

extension TruthPlan {
  /// A layer made ready; `padding` grows to what it needs.
  private static func step(
    _ layer: Layer, input: [Int], output: [Int], _ weights: BoundWeights, _ folded: FoldedNoise?,
    padding: inout Int
  ) -> Step {
    switch layer.kind {
    case .convolution(let given):
      let conv = given.inVolume
      let rows = layer.values("weight", weights)
      let bias = layer.bias(conv.outputs, weights)
      let own = folded?.ownBias(bias)
      guard conv.isPlain else {
        var triple = Triple { Correlation(conv, input: input, output: output, rows, bias, $0) }
        padding = max(padding, triple.value.paddedCount)
        if let own { triple.magnitude.bias = own.map { abs(Double($0)) } }
        return .correlation(triple)
      }
      let sizes = conv.sizes(input: input.volume, output: output.volume)
      padding = max(padding, sizes.paddedCount)
      var triple = Triple { PackedConvolution(sizes: sizes, rows, bias, $0) }
      if let own {
        triple.magnitude = PackedConvolution(sizes: sizes, rows, own) { abs(Double($0)) }
      }
      return .convolution(triple)
    case .batchNorm(let norm):
      let parts = layer.scaleAndShift(norm, weights)
      return .batchNorm(
        channels: norm.features, count: input.dropFirst().reduce(1, *), scale: parts.scale,
        shift: parts.shift, mean: parts.mean)
    case .layerNorm(let norm):
      let count = norm.shape.reduce(1, *)
      return .layerNorm(
        epsilon: norm.epsilon, scale: layer.scale(count, weights).map { Double($0) },
        shift: layer.bias(count, weights).map { Double($0) })
    case .linear(let linear):
      let rows = layer.values("weight", weights)
      let triple = Triple {
        PackedMatrix(rows, outputs: linear.outputs, inputs: linear.inputs, $0)
      }
      let bias = layer.bias(linear.outputs, weights)
      let own = folded?.ownBias(bias) ?? bias
      return .linear(
        triple, bias: triple.value.padded(bias.map { Double($0) }),
        size: triple.value.padded(own.map { abs(Double($0)) }),
        rows: input.dropLast().reduce(1, *), outputs: linear.outputs)
    case .recurrent(let recurrent):
      return .recurrent(
        (0..<recurrent.layers).map { number in
          (0..<recurrent.directions).map { direction in
            Triple {
              Recurrence(
                recurrent, layer, number: number, direction: direction, steps: input[0], weights,
                $0)
            }
          }
        })
    case .softmax(let axis, let logarithm):
      let place = axis < 0 ? input.count + axis : axis - 1
      return .softmax(
        count: input[place], inner: input[(place + 1)...].reduce(1, *), logarithm: logarithm)
    case .leakyRelu, .tanh, .sigmoid: return .pointwise(layer.kind)
    default: break
    }
    if let step = layer.step(input: input, output: output) { return .plain(step) }
    guard let windows = PoolWindows(layer.kind, input: input, output: output) else {
      preconditionFailure("every kind of layer is one of these")
    }
    let isMaximum =
      switch layer.kind {
      case .maxPool, .adaptiveMaxPool: true
      default: false
      }
    return .pool(windows, isMaximum: isMaximum)
  }
}
