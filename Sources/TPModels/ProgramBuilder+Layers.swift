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
      if case .convolution(let conv) = layer.kind, conv.isPlain {
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
    case .flatten, .reshape, .dropout: return
    case .adaptiveAveragePool:
      step.kind = Int32(TP_AVERAGE_POOL)
      step.source = tp_volume(channels: input[0], extents: Array(input.volume[1...]))
      step.source.row = 0
      switch place {
      case .clip(let given?): step.source = given
      case .volume(_, let own): step.source = own
      default: break
      }
      step.target = tp_volume(channels: output[0], extents: Array(output.volume[1...]))
      add(step, to: freshRows(outputs))
      return
    default: leaveVolume()
    }
    switch layer.kind {
    case .convolution(let conv): append(conv, layer, input: input, output: output, weights)
    case .batchNorm(let norm):
      let parts = layer.scaleAndShift(norm, weights)
      step.kind = Int32(TP_SCALE)
      step.rows = norm.features
      step.count = inputs / norm.features
      add(
        step, to: freshRows(outputs),
        Parameters(
          step: 0, weights: parts.scale.map { Float($0) }, bias: parts.shift.map { Float($0) }))
    case .layerNorm(let norm):
      let count = norm.shape.reduce(1, *)
      step.kind = Int32(TP_LAYER_NORM)
      step.rows = inputs / count
      step.count = count
      step.value = norm.epsilon
      add(
        step, to: freshRows(outputs),
        Parameters(
          step: 0, weights: layer.scale(count, weights), bias: layer.bias(count, weights)))
    case .relu:
      step.kind = Int32(TP_RELU)
      step.count = inputs
      add(step, to: freshRows(outputs))
    case .leakyRelu, .tanh, .sigmoid:
      step.kind = Int32(TP_POINTWISE)
      step.count = inputs
      switch layer.kind {
      case .leakyRelu(let slope):
        step.function = Int32(TP_LEAKY_RELU)
        step.value = slope
      case .tanh: step.function = Int32(TP_TANH)
      default: step.function = Int32(TP_SIGMOID)
      }
      add(step, to: freshRows(outputs))
    case .softmax(let axis, let logarithm):
      let place = axis < 0 ? input.count + axis : axis - 1
      step.kind = Int32(TP_SOFTMAX)
      step.function = logarithm ? Int32(TP_LOG_SOFTMAX) : Int32(TP_PLAIN_SOFTMAX)
      step.rows = input[..<place].reduce(1, *)
      step.count = input[place]
      step.outputs = input[(place + 1)...].reduce(1, *)
      add(step, to: freshRows(outputs))
    case .maxPool(let pool) where pool.isPlain:
      step.kind = Int32(TP_MAX_POOL)
      step.source = tp_volume(channels: input[0], extents: Array(input.volume[1...]))
      step.target = tp_volume(channels: output[0], extents: Array(output.volume[1...]))
      step.kernel = triple(pool.kernel.inVolume(1))
      step.stride = triple(pool.stride.inVolume(1))
      add(step, to: freshRows(outputs))
    case .maxPool, .adaptiveMaxPool: appendPool(layer.kind, TP_LARGEST, input, output)
    case .averagePool, .adaptiveAveragePool: appendPool(layer.kind, TP_MEAN, input, output)
    case .permute(let axes):
      appendOrder(Layer.order(axes, input: input))
    case .lastStep:
      step.kind = Int32(TP_COPY)
      step.skip = inputs - outputs
      step.count = outputs
      add(step, to: freshRows(outputs))
    case .linear(let linear):
      appendLinear(
        layer.values("weight", weights), layer.bias(linear.outputs, weights),
        rows: inputs / linear.inputs, inputs: linear.inputs, outputs: linear.outputs)
    case .recurrent(let recurrent): append(recurrent, layer, steps: input[0], weights)
    case .flatten, .reshape, .dropout: return
    }
  }

  private mutating func appendOrder(_ order: [Int32]) {
    var step = tp_step()
    step.kind = Int32(TP_REORDER)
    step.count = order.count
    orders.append((steps.count, order))
    add(step, to: freshRows(order.count))
  }

  /// Windows of any kind, from row-major numbers.
  private mutating func appendPool(
    _ kind: Layer.Kind, _ function: Int, _ input: [Int], _ output: [Int]
  ) {
    guard let windows = PoolWindows(kind, input: input, output: output) else { return }
    var step = tp_step()
    step.kind = Int32(TP_POOL)
    step.function = Int32(function)
    step.source = tp_volume(channels: windows.channels, extents: windows.input)
    step.target = tp_volume(channels: windows.channels, extents: windows.output)
    step.dilation = triple(windows.dilation)
    step.skip = windows.divisor
    orders.append((steps.count, windows.table))
    add(step, to: freshRows(windows.outputCount))
  }

  /// A convolution of groups, with dilation or another border: the padded input, then the sums.
  private mutating func append(
    _ given: Layer.Convolution, _ layer: Layer, input: [Int], output: [Int],
    _ weights: BoundWeights
  ) {
    let conv = given.inVolume
    let volume = input.volume
    if let order = conv.paddingOrder(volume) { appendOrder(order) }
    var step = tp_step()
    step.kind = Int32(TP_CORRELATE)
    step.source = tp_volume(
      channels: conv.inputs, extents: Array(conv.paddedExtents(volume)[1...]))
    step.target = tp_volume(channels: conv.outputs, extents: Array(output.volume[1...]))
    step.kernel = triple(conv.kernel)
    step.stride = triple(conv.stride)
    step.dilation = triple(conv.dilation)
    step.groups = conv.groups
    add(
      step, to: freshRows(output.reduce(1, *)),
      Parameters(
        step: 0, weights: layer.values("weight", weights),
        bias: layer.bias(conv.outputs, weights)))
  }

  /// Of each layer the sums over the inputs of all steps and directions, then the steps.
  private mutating func append(
    _ recurrent: Layer.Recurrent, _ layer: Layer, steps count: Int, _ weights: BoundWeights
  ) {
    let rows = recurrent.cell.gates * recurrent.hidden
    for number in 0..<recurrent.layers {
      let parts = (0..<recurrent.directions).map {
        RecurrentWeights(recurrent, layer, number: number, direction: $0, weights)
      }
      appendLinear(
        parts.flatMap(\.fromInput), parts.flatMap(\.bias), rows: count,
        inputs: recurrent.inputs(ofLayer: number), outputs: recurrent.directions * rows)
      var step = tp_step()
      step.kind = Int32(TP_RECUR)
      step.function = Int32(recurrent.cell == .lstm ? TP_LSTM : TP_GRU)
      step.rows = count
      step.outputs = recurrent.hidden
      step.groups = recurrent.directions
      add(
        step, to: freshRows(count * recurrent.outputs),
        Parameters(
          step: 0, weights: parts.flatMap(\.fromHidden), bias: parts.flatMap(\.hiddenBias)))
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
