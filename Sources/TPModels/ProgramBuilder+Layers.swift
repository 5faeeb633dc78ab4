internal import CTPKernels

extension ProgramBuilder {
  /// Adds the steps of some layers.
  mutating func append(
    _ range: Range<Int>, of architecture: Architecture, _ weights: BoundWeights
  ) {
    var index = range.lowerBound
    while index < range.upperBound {
      let layer = architecture.layers[index]
      let input = architecture.inputExtents(of: index)
      let output = architecture.outputs[index]
      if case .conv3d = layer.kind {
        let group = ConvolutionGroup(at: index, in: range, of: architecture, fusing: fusing)
        append(group, architecture, weights)
        index = group.layers.upperBound
        continue
      }
      append(layer, input: input, output: output, weights)
      record(layer: index, count: output.reduce(1, *))
      index += 1
    }
  }

  private mutating func append(
    _ layer: Layer, input: [Int], output: [Int], _ weights: BoundWeights
  ) {
    let inputs = input.reduce(1, *)
    let outputs = output.reduce(1, *)
    var step = tp_step()
    switch layer.kind {
    case .flatten, .dropout, .conv3d: return
    case .adaptiveAveragePool3d:
      step.kind = Int32(TP_AVERAGE_POOL)
      step.source = tp_volume(channels: input[0], extents: Array(input[1...]))
      step.source.row = 0
      switch place {
      case .clip(let given?): step.source = given
      case .volume(_, let own): step.source = own
      default: break
      }
      step.target = tp_volume(channels: output[0], extents: Array(output[1...]))
      add(step, to: freshRows(outputs))
      return
    default: leaveVolume()
    }
    switch layer.kind {
    case .batchNorm(let norm):
      let parts = layer.scaleAndShift(norm, weights)
      step.kind = Int32(TP_SCALE)
      step.rows = norm.features
      step.count = inputs / norm.features
      add(
        step, to: freshRows(outputs),
        Parameters(
          step: 0, weights: parts.scale.map { Float($0) }, bias: parts.shift.map { Float($0) }))
    case .relu:
      step.kind = Int32(TP_RELU)
      step.count = inputs
      add(step, to: freshRows(outputs))
    case .maxPool3d(let pool):
      step.kind = Int32(TP_MAX_POOL)
      step.source = tp_volume(channels: input[0], extents: Array(input[1...]))
      step.target = tp_volume(channels: output[0], extents: Array(output[1...]))
      step.kernel = triple(pool.kernel)
      step.stride = triple(pool.stride)
      add(step, to: freshRows(outputs))
    case .permute(let axes):
      step.kind = Int32(TP_REORDER)
      step.count = outputs
      orders.append((steps.count, Layer.order(axes, input: input)))
      add(step, to: freshRows(outputs))
    case .lastStep:
      step.kind = Int32(TP_COPY)
      step.skip = inputs - outputs
      step.count = outputs
      add(step, to: freshRows(outputs))
    case .linear(let linear):
      appendLinear(
        layer.values("weight", weights), layer.values("bias", weights),
        rows: inputs / linear.inputs, inputs: linear.inputs, outputs: linear.outputs)
    case .lstm(let lstm):
      let bias = zip(
        layer.values("bias_ih_l0", weights), layer.values("bias_hh_l0", weights)
      ).map(+)
      appendLinear(
        layer.values("weight_ih_l0", weights), bias, rows: input[0], inputs: lstm.inputs,
        outputs: 4 * lstm.hidden)
      step.kind = Int32(TP_RECUR)
      step.rows = input[0]
      step.outputs = lstm.hidden
      add(
        step, to: freshRows(outputs),
        Parameters(step: 0, weights: layer.values("weight_hh_l0", weights)))
    case .conv3d, .flatten, .dropout, .adaptiveAveragePool3d: return
    }
  }

  private mutating func appendLinear(
    _ weights: [Float], _ bias: [Float], rows: Int, inputs: Int, outputs: Int
  ) {
    var step = tp_step()
    step.kind = Int32(TP_LINEAR)
    step.rows = rows
    step.count = inputs
    step.outputs = outputs
    add(
      step, to: freshRows(rows * outputs),
      Parameters(step: 0, weights: weights, bias: bias))
  }

  /// Leaves the last numbers row-major in the workspace.
  mutating func end(count: Int) {
    leaveVolume()
    guard case .clip = place else { return }
    var step = tp_step()
    step.kind = Int32(TP_COPY)
    step.count = count
    add(step, to: freshRows(count))
  }
}

/// Depth, height, width as C has them.
func triple(_ list: [Int]) -> (Int, Int, Int) { (list[0], list[1], list[2]) }
