internal import TPModels

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

extension SegmentStep {
  /// Which positions of the input are needed for positions of the output; `nil`: all of it.
  func demand(_ positions: [Int]?, input: [Int]) -> [Int]? {
    guard let positions else { return nil }
    switch self {
    case .convolution(let step): return step.demand(positions, input: input)
    case .affine, .pointwise, .reshape: return positions
    case .pool(let step): return step.demand(positions, input: input)
    case .gather(let order, _): return Set(positions.map { Int(order[$0]) }).sorted()
    case .recurrent, .layerNorm, .meanOfSteps, .softmax, .whole: return nil
    case .linear(let step):
      let (inputs, outputs) = (input[input.count - 1], step.outputs)
      return Set(positions.map { $0 / outputs }).sorted().flatMap { row in
        row * inputs..<(row + 1) * inputs
      }
    }
  }

  /// The output at these positions, as far as the input is known; elementwise steps give all that
  /// they are given.
  ///
  /// - Parameter judging: whether rounding noise is carried.
  /// - Returns: `nil` where the step needs its whole input and does not have it.
  func apply(_ input: Field, at positions: [Int]?, judging: Bool) -> Field? {
    switch self {
    case .convolution(let step): return step.apply(input, at: positions, judging: judging)
    case .affine(let step): return step.apply(input, judging: judging)
    case .pointwise(let function): return function.apply(input, judging: judging)
    case .pool(let step): return step.apply(input, at: positions, judging: judging)
    case .gather(let order, let extents):
      return gather(input, order, extents, at: positions, judging: judging)
    case .reshape(let extents):
      var field = input
      field.extents = extents
      return field
    case .meanOfSteps: return input.positions == nil ? mean(input, judging: judging) : nil
    case .recurrent(let stack):
      return input.positions == nil ? stack.apply(input, judging: judging) : nil
    case .layerNorm(let step):
      return input.positions == nil ? step.apply(input, judging: judging) : nil
    case .linear(let step): return step.apply(input, at: positions, judging: judging)
    case .whole(let truth, let extents):
      return input.positions == nil ? evaluate(truth, extents, input, judging: judging) : nil
    case .softmax(let logarithm):
      return input.positions == nil ? softmax(input, logarithm, judging: judging) : nil
    }
  }

  private func gather(
    _ input: Field, _ order: [Int32], _ extents: [Int], at positions: [Int]?, judging: Bool
  ) -> Field {
    let count = positions?.count ?? order.count
    var result = FieldBuilder(
      extents: extents, isWhole: positions == nil && input.positions == nil,
      judging: judging && !input.isExact, capacity: count)
    let places = input.positions == nil ? [] : input.places
    for index in 0..<count {
      let position = positions.map { $0[index] } ?? index
      let at = places.isEmpty ? Int(order[position]) : Int(places[Int(order[position])])
      if at < 0 { continue }
      result.add(
        position, input.values[at], variance: input.variance(at), bound: input.bound(at))
    }
    return result.field
  }

  /// No worst case is known of such a layer: its bound never counts.
  private func evaluate(
    _ truth: LayerTruth, _ extents: [Int], _ input: Field, judging: Bool
  ) -> Field {
    let (values, variances) = truth.apply(input.values, input.variances)
    return Field(
      extents: extents, positions: nil, values: values, variances: judging ? variances : [],
      bounds: judging ? Array(repeating: Field.unknownBound, count: values.count) : [])
  }

  private func mean(_ input: Field, judging: Bool) -> Field {
    let steps = input.extents[0]
    let each = input.size / steps
    let n = Double(steps)
    var result = FieldBuilder(
      extents: Array(input.extents.dropFirst()), isWhole: true, judging: judging, capacity: each)
    for place in 0..<each {
      var (sum, variance, bound) = (0.0, 0.0, 0.0)
      for step in 0..<steps {
        sum += input.values[step * each + place]
        variance += input.variance(step * each + place)
        bound += input.bound(step * each + place)
      }
      let own = roundingUnit * sum / n
      result.add(
        place, sum / n, variance: variance / (n * n) + own * own, bound: bound / n + 8 * abs(own))
    }
    return result.field
  }

  private func softmax(_ input: Field, _ logarithm: Bool, judging: Bool) -> Field {
    let width = input.extents.last ?? 1
    var result = FieldBuilder(
      extents: input.extents, isWhole: true, judging: judging, capacity: input.values.count)
    for row in 0..<input.values.count / max(width, 1) {
      let range = row * width..<(row + 1) * width
      let most = input.values[range].max() ?? 0
      let total = input.values[range].reduce(0) { $0 + exp($1 - most) }
      // The noise of the largest argument bounds what an exponential makes of any of them.
      let noise = range.reduce(0.0) { max($0, input.variance($1)) }
      for index in range {
        let share = exp(input.values[index] - most) / total
        let value = logarithm ? input.values[index] - most - log(total) : share
        let own = 4 * roundingUnit * max(abs(value), logarithm ? 1 : 0)
        let slope = logarithm ? 1 : share
        result.add(
          index, value, variance: 4 * slope * slope * noise + own * own, bound: 8 * own)
      }
    }
    return result.field
  }
}

extension AffineStep {
  fileprivate func apply(_ input: Field, judging: Bool) -> Field {
    let each = max(1, input.size / max(1, scale.count))
    var field = input
    if judging {
      field.variances = Array(repeating: 0, count: input.values.count)
      field.bounds = field.variances
    }
    for index in input.values.indices {
      let channel = (input.positions.map { $0[index] } ?? index) / each
      let (a, b, x) = (scale[channel], shift[channel], input.values[index])
      field.values[index] = a * x + b
      guard judging else { continue }
      let (first, second, third) = (a * x, a * mean[channel], b)
      field.variances[index] =
        a * a * input.variance(index) + roundingUnit * roundingUnit
        * (first * first + second * second + third * third)
      field.bounds[index] =
        abs(a) * input.bound(index) + 8 * roundingUnit * (abs(first) + abs(second) + abs(third))
    }
    return field
  }
}

extension Pointwise {
  fileprivate func apply(_ input: Field, judging: Bool) -> Field {
    var field = input
    switch self {
    case .relu:
      for index in field.values.indices where field.values[index] < 0 { field.values[index] = 0 }
    case .leakyRelu(let slope):
      for index in field.values.indices where field.values[index] < 0 {
        field.values[index] *= slope
        guard judging, !field.isExact else { continue }
        let own = roundingUnit * field.values[index]
        let steepness = max(abs(slope), 1)
        field.variances[index] = steepness * steepness * field.variances[index] + 2 * own * own
        field.bounds[index] = steepness * field.bounds[index] + 8 * abs(own)
      }
    case .sigmoid, .tanh:
      if judging, field.isExact {
        field.variances = Array(repeating: 0, count: field.values.count)
        field.bounds = field.variances
      }
      for index in field.values.indices {
        let x = Noisy(
          input.values[index], variance: input.variance(index), bound: input.bound(index))
        let value = self == .tanh ? Noisy.tanh(x) : Noisy.sigmoid(x)
        field.values[index] = value.value
        if !field.isExact {
          field.variances[index] = value.variance
          field.bounds[index] = value.bound
        }
      }
    case .given(let scale, let shift):
      for index in field.values.indices {
        field.values[index] = Double(Float(scale * field.values[index] + shift))
      }
    case .round(let format):
      for index in field.values.indices {
        field.values[index] = format.round(field.values[index])
      }
    }
    return field
  }
}

extension LinearStep {
  fileprivate func apply(_ input: Field, at positions: [Int]?, judging: Bool) -> Field {
    let inputs = input.extents.last ?? 1
    let rows = input.size / max(1, inputs)
    let count = positions?.count ?? rows * outputs
    var result = FieldBuilder(
      extents: input.extents.dropLast() + [outputs],
      isWhole: positions == nil && input.positions == nil, judging: judging, capacity: count)
    let places = input.positions == nil ? [] : input.places
    let noisy = judging && !input.isExact
    elements: for index in 0..<count {
      let position = positions.map { $0[index] } ?? index
      let (row, output) = (position / outputs, position % outputs)
      var sum = bias[output]
      var magnitude = abs(sum)
      var (variance, bound) = (0.0, 0.0)
      for place in 0..<inputs {
        var at = row * inputs + place
        if !places.isEmpty {
          at = Int(places[at])
          if at < 0 { continue elements }
        }
        let weight = weight[output * inputs + place]
        let product = weight * input.values[at]
        sum += product
        magnitude += abs(product)
        if noisy {
          variance += weight * weight * input.variances[at]
          bound += abs(weight) * input.bounds[at]
        }
      }
      result.add(
        position, .sum(sum, magnitude: magnitude, variance: variance, bound: bound))
    }
    return result.field
  }
}
