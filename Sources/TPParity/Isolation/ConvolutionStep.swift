internal import TPModels

/// A convolution over depth, height and width at chosen positions.
struct ConvolutionStep: Sendable {
  /// What lies beyond the border.
  enum Border: String, Hashable, Sendable, CaseIterable { case zeros, replicate, reflect, circular }

  /// Channels of the input that an output sees: those of its group.
  var inputs: Int
  var outputs: Int
  var kernel: [Int]
  var stride: [Int]
  /// Elements added before and after each axis.
  var before: [Int]
  var after: [Int]
  var border = Border.zeros
  /// Steps between the inputs under a kernel.
  var dilation = [1, 1, 1]
  /// Parts into which the channels are divided.
  var groups = 1
  /// (outputs, inputs, depth, height, width), row-major.
  var weight: [Double]
  var bias: [Double]

  func outputExtents(_ input: [Int]) -> [Int] {
    let volume = input.volume
    let extents = (0..<3).map { axis in
      let reach = (kernel[axis] - 1) * dilation[axis] + 1
      let room = volume[axis + 1] + before[axis] + after[axis] - reach
      // Where the kernel does not fit once, a quotient that is rounded to zero would have it fit.
      return room < 0 ? 0 : room / stride[axis] + 1
    }
    return [outputs] + extents.suffix(input.count - 1)
  }

  /// For every output coordinate of an axis, the input coordinates under the kernel; -1 for a zero.
  private func taps(_ axis: Int, _ extent: Int, _ count: Int) -> [[Int]] {
    (0..<count).map { out in
      (0..<kernel[axis]).map { tap in
        source(out * stride[axis] + tap * dilation[axis] - before[axis], extent)
      }
    }
  }

  /// The coordinate that stands for one that may lie beyond the border; -1 for a zero.
  private func source(_ place: Int, _ extent: Int) -> Int {
    if place >= 0 && place < extent { return place }
    switch border {
    case .zeros: return -1
    case .replicate: return place < 0 ? 0 : extent - 1
    case .reflect:
      let mirrored = place < 0 ? -place : 2 * (extent - 1) - place
      return mirrored >= 0 && mirrored < extent ? mirrored : -1
    case .circular: return ((place % extent) + extent) % extent
    }
  }

  /// The input positions under the kernels of output positions.
  func demand(_ positions: [Int], input: [Int]) -> [Int] {
    let input = input.volume
    let output = outputExtents(input)
    let axes = (0..<3).map { taps($0, input[$0 + 1], output[$0 + 1]) }
    let plane = input[1] * input[2] * input[3]
    // Every channel is needed, so the places in one are found first.
    var wanted = [Bool](repeating: false, count: plane)
    for position in positions {
      let place = position % (output[1] * output[2] * output[3])
      let (d, h, w) = (
        place / (output[2] * output[3]), place / output[3] % output[2], place % output[3]
      )
      for z in axes[0][d] where z >= 0 {
        for y in axes[1][h] where y >= 0 {
          for x in axes[2][w] where x >= 0 { wanted[(z * input[2] + y) * input[3] + x] = true }
        }
      }
    }
    let places = wanted.indices.filter { wanted[$0] }
    return (0..<inputs * groups).flatMap { channel in places.map { channel * plane + $0 } }
  }

  func apply(_ input: Field, at positions: [Int]?, judging: Bool) -> Field {
    let extents = input.extents.volume
    // A weight that is not finite meets no zero of the padding here, and would there.
    if positions == nil, input.positions == nil, !judging, extents[0] == inputs * groups,
      weight.allSatisfy({ $0.isFinite })
    {
      return whole(input)
    }
    let output = outputExtents(extents)
    let axes = (0..<3).map { taps($0, extents[$0 + 1], output[$0 + 1]) }
    let size = output.reduce(1, *)
    let count = positions?.count ?? size
    var result = FieldBuilder(
      extents: outputExtents(input.extents),
      isWhole: positions == nil && input.positions == nil, judging: judging, capacity: count)
    let places = input.positions == nil ? [] : input.places
    let (height, width) = (extents[2], extents[3])
    let plane = extents[1] * height * width
    let outPlane = output[1] * output[2] * output[3]
    let each = kernel[0] * kernel[1] * kernel[2]
    let noisy = judging && !input.isExact
    // Where the kernel stands: places in one channel, and which of its weights they meet.
    var under: [Int] = []
    var weights: [Int] = []
    var last = -1
    outputs: for index in 0..<count {
      let position = positions.map { $0[index] } ?? index
      let channel = position / outPlane
      let place = position % outPlane
      if place != last {
        last = place
        under.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        let ys = axes[1][place / output[3] % output[2]]
        let xs = axes[2][place % output[3]]
        for (kd, z) in axes[0][place / (output[2] * output[3])].enumerated() where z >= 0 {
          for (kh, y) in ys.enumerated() where y >= 0 {
            for (kw, x) in xs.enumerated() where x >= 0 {
              under.append((z * height + y) * width + x)
              weights.append((kd * kernel[1] + kh) * kernel[2] + kw)
            }
          }
        }
      }
      var sum = bias[channel]
      var magnitude = abs(sum)
      var variance = 0.0
      var bound = 0.0
      for from in 0..<inputs {
        let base = (channel / (outputs / groups) * inputs + from) * plane
        let row = (channel * inputs + from) * each
        // A channel's sum is its own, so that a processor adds up several channels at once.
        var (part, size) = (0.0, 0.0)
        for tap in under.indices {
          var at = base + under[tap]
          if !places.isEmpty {
            at = Int(places[at])
            if at < 0 { continue outputs }
          }
          let weight = weight[row + weights[tap]]
          let product = weight * input.values[at]
          part += product
          if judging { size += abs(product) }
          if noisy {
            variance += weight * weight * input.variances[at]
            bound += abs(weight) * input.bounds[at]
          }
        }
        sum += part
        magnitude += size
      }
      result.add(
        position, .sum(sum, magnitude: magnitude, variance: variance, bound: bound))
    }
    return result.field
  }

  /// All of the output without its noise, by the kernel that the truth has for a convolution.
  private func whole(_ input: Field) -> Field {
    let from = input.extents.volume
    let to = outputExtents(from)
    let places = (0..<3).map { axis in
      let (extent, first) = (from[axis + 1], before[axis])
      return (-first..<max(-first, extent + after[axis])).map { source($0, extent) }
    }
    var field = Field(extents: outputExtents(input.extents), positions: nil, values: [])
    guard to.allSatisfy({ $0 > 0 }) else { return field }
    var padded: [Double] = []
    padded.reserveCapacity(from[0] * places.reduce(1) { $0 * $1.count })
    for channel in 0..<from[0] {
      for z in places[0] {
        for y in places[1] {
          let row = ((channel * from[1] + z) * from[2] + y) * from[3]
          for x in places[2] { padded.append(min(z, y, x) < 0 ? 0 : input.values[row + x]) }
        }
      }
    }
    let correlation = Correlation(
      padded: [from[0]] + places.map(\.count), output: to, kernel: kernel, stride: stride,
      dilation: dilation, groups: groups, weights: weight, bias: bias)
    field.values = correlation.apply(padded)
    return field
  }
}
