internal import TPModels

/// A pooling over depth, height and width, by the window of each output coordinate of each axis.
struct PoolStep: Sendable {
  /// Of each axis, the input coordinates of every output coordinate; coordinates beyond the input
  /// are padding, which no maximum and no sum sees.
  var bins: [[Range<Int>]]
  var isMaximum: Bool

  /// PyTorch's adaptive windows: from the floor of the start to the ceiling of the end; they
  /// overlap where sizes do not divide.
  static func adaptive(_ input: [Int], _ output: [Int]) -> [[Range<Int>]] {
    zip(input, output).map { extent, count in
      (0..<count).map { $0 * extent / count..<(($0 + 1) * extent + count - 1) / count }
    }
  }

  /// The extents of the output, with as many axes as the input has.
  func outputExtents(_ input: [Int]) -> [Int] {
    [input[0]] + bins.map(\.count).suffix(input.count - 1)
  }

  private func windows(_ position: Int, _ input: [Int]) -> (channel: Int, ranges: [Range<Int>]) {
    let counts = bins.map(\.count)
    let plane = counts.reduce(1, *)
    let place = position % plane
    let at = [place / (counts[1] * counts[2]), place / counts[2] % counts[1], place % counts[2]]
    return (
      position / plane,
      (0..<3).map { bins[$0][at[$0]].clamped(to: 0..<input[$0 + 1]) }
    )
  }

  private func each(_ position: Int, _ input: [Int], _ body: (Int) -> Void) {
    let (channel, ranges) = windows(position, input)
    for z in ranges[0] {
      for y in ranges[1] {
        let row = ((channel * input[1] + z) * input[2] + y) * input[3]
        for x in ranges[2] { body(row + x) }
      }
    }
  }

  func demand(_ positions: [Int], input: [Int]) -> [Int] {
    var wanted = [Bool](repeating: false, count: input.reduce(1, *))
    for position in positions { each(position, input.volume) { wanted[$0] = true } }
    return wanted.indices.filter { wanted[$0] }
  }

  func apply(_ input: Field, at positions: [Int]?, judging: Bool) -> Field {
    let output = outputExtents(input.extents)
    let volume = input.extents.volume
    let size = output.reduce(1, *)
    let count = positions?.count ?? size
    var result = FieldBuilder(
      extents: output, isWhole: positions == nil && input.positions == nil, judging: judging,
      capacity: count)
    let places = input.positions == nil ? [] : input.places
    for index in 0..<count {
      let position = positions.map { $0[index] } ?? index
      var (sum, magnitude, most, elements) = (0.0, 0.0, -Double.infinity, 0)
      var (variance, bound) = (0.0, 0.0)
      var isKnown = true
      each(position, volume) { place in
        let at = places.isEmpty ? place : Int(places[place])
        guard at >= 0 else {
          isKnown = false
          return
        }
        let value = input.values[at]
        elements += 1
        sum += value
        magnitude += abs(value)
        if value > most || value.isNaN { most = value }
        if isMaximum {
          variance = max(variance, input.variance(at))
          bound = max(bound, input.bound(at))
        } else {
          variance += input.variance(at)
          bound += input.bound(at)
        }
      }
      guard isKnown else { continue }
      // A window of padding alone, which only a hypothesis has, gives the maximum or the mean of
      // nothing: -infinity or NaN. Of a whole activation no element may be missing.
      let n = Double(elements)
      if isMaximum {
        result.add(position, most, variance: variance, bound: bound)
      } else {
        // As in the truth: a chain of more than 16 sums is farther off than one rounding.
        let own = roundingUnit * (magnitude / n) * max(1, n / 16).squareRoot()
        result.add(
          position, sum / n, variance: variance / (n * n) + own * own,
          bound: bound / n + 8 * roundingUnit * magnitude / n)
      }
    }
    return result.field
  }
}
