internal import CTPKernels

/// A convolution and the layers after it that one step computes with it: a batch norm, a ReLU, a
/// max pooling whose windows touch.
struct ConvolutionGroup {
  let layers: Range<Int>
  /// Over depth, height, width.
  let conv: Layer.Convolution
  private(set) var norm: Int?
  private(set) var rectifies = false
  /// Extents of a window of the pooling.
  private(set) var pool = [1, 1, 1]

  init(at first: Int, in range: Range<Int>, of architecture: Architecture, fusing: Bool) {
    guard case .convolution(let conv) = architecture.layers[first].kind, conv.isPlain else {
      preconditionFailure("a group begins with a plain convolution")
    }
    self.conv = conv.inVolume
    var next = first + 1
    func kind() -> Layer.Kind? {
      fusing && next < range.upperBound ? architecture.layers[next].kind : nil
    }
    if case .batchNorm = kind() {
      norm = next
      next += 1
    }
    if case .relu = kind() {
      rectifies = true
      next += 1
    }
    if case .maxPool(let window) = kind(), window.isPlain, window.kernel == window.stride {
      pool = window.kernel.inVolume(1)
      next += 1
    }
    layers = first..<next
  }

  /// Which algorithm computes the group, from a place.
  func kind(from place: Place, input: [Int], middle: [Int], fusing: Bool) -> Int {
    let tiles = middle[2] / 4
    guard fusing, conv.kernel == [3, 3, 3], conv.stride == [1, 1, 1], conv.padding == [1, 1, 1],
      middle[0].isMultiple(of: 2), middle[1].isMultiple(of: 4), middle[2].isMultiple(of: 4),
      conv.outputs.isMultiple(of: 16), [[1, 1, 1], [1, 2, 2], [2, 2, 2]].contains(pool),
      // Bounds the memory of a strip.
      tiles * max(conv.inputs, conv.outputs) <= 1 << 16
    else { return TP_CONVOLVE }
    if conv.inputs.isMultiple(of: 16) { return TP_WINOGRAD }
    guard conv.inputs == 1 else { return TP_CONVOLVE }
    if case .volume = place { return TP_CONVOLVE }
    return TP_WINOGRAD_FIRST
  }
}

extension ProgramBuilder {
  /// Adds the step of a convolution and what it takes along.
  mutating func append(
    _ group: ConvolutionGroup, _ architecture: Architecture, _ weights: BoundWeights
  ) {
    let first = group.layers.lowerBound
    let last = group.layers.upperBound - 1
    let conv = group.conv
    let input = architecture.inputExtents(of: first).volume
    let middle = Array(architecture.outputs[first].volume[1...])
    if group.layers.count > 1 {
      fusions.append(Program.Fusion(layers: group.layers, steps: steps.count, input: place))
    }
    let given = folded(group, architecture, weights)
    var kind = group.kind(from: place, input: input, middle: middle, fusing: fusing)
    // Infinities would spread over whole tiles, and sums of large numbers overflow.
    if kind != TP_CONVOLVE, !given.isModerate { kind = TP_CONVOLVE }
    enter(
      tp_volume(
        channels: conv.inputs, extents: Array(input[1...]), padding: conv.padding,
        phased: kind == TP_WINOGRAD_FIRST))
    var step = tp_step()
    step.kind = Int32(kind)
    step.relu = group.rectifies ? 1 : 0
    switch place {
    case .clip(let volume?), .volume(_, let volume): step.source = volume
    default: preconditionFailure("a convolution reads a volume")
    }
    // The next layer reads this one's output where it lies, with the zeros that it needs.
    var padding = [0, 0, 0]
    if last + 1 < architecture.layers.count, fusing,
      case .convolution(let next) = architecture.layers[last + 1].kind, next.isPlain
    {
      padding = next.padding.inVolume(0)
    }
    step.target = tp_volume(
      channels: conv.outputs, extents: Array(architecture.outputs[last].volume[1...]),
      padding: padding)
    step.kernel = triple(conv.kernel)
    step.stride = triple(conv.stride)
    step.pool = triple(group.pool)
    step.middle = triple(middle)
    add(step, to: freshVolume(step.target), given)
    record(layer: last, count: step.target.count)
  }

  /// Lays the current numbers out with channels last, where they are not already.
  private mutating func enter(_ volume: tp_volume) {
    switch place {
    case .clip(let given?) where given.matches(volume): return
    case .volume(_, let own) where own.matches(volume): return
    default: leaveVolume()
    }
    var step = tp_step()
    step.kind = Int32(TP_ENTER)
    step.target = volume
    add(step, to: freshVolume(volume))
  }

  /// Weights, the scale of a batch norm that multiplies them, and the bias with its shift; the sums
  /// in float64, rounded once.
  private func folded(
    _ group: ConvolutionGroup, _ architecture: Architecture, _ weights: BoundWeights
  ) -> Parameters {
    let layer = architecture.layers[group.layers.lowerBound]
    let conv = group.conv
    var given = Parameters(
      step: 0, weights: layer.values("weight", weights), bias: layer.bias(conv.outputs, weights))
    if let index = group.norm, case .batchNorm(let norm) = architecture.layers[index].kind {
      let parts = architecture.layers[index].scaleAndShift(norm, weights)
      given.scale = parts.scale
      given.bias = given.bias.indices.map {
        Float(Double(given.bias[$0]) * parts.scale[$0] + parts.shift[$0])
      }
    }
    return given
  }
}

extension ProgramBuilder.Parameters {
  /// Whether every weight is a number that sums of many stay finite of.
  fileprivate var isModerate: Bool {
    let limit: Float = 0x1p60
    return weights.allSatisfy { abs($0) < limit }
      && (scale ?? []).allSatisfy { abs($0) < Double(limit) } && bias.allSatisfy { abs($0) < limit }
  }
}
