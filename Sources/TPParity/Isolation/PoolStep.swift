internal import TPModels

/// A pooling over depth, height and width, by the window of each output coordinate of each axis.
struct PoolStep: Hashable, Sendable {
  /// Of each axis, the reach of every output coordinate over the input; coordinates beyond the input
  /// are padding, which no maximum and no sum sees.
  var bins: [[Range<Int>]]
  var isMaximum: Bool
  /// Of each axis, the steps between the inputs of a window.
  var dilation = [1, 1, 1]
  /// Of each axis, how many coordinates every output coordinate counts for the number that a sum is
  /// divided by; empty where the padding is not counted.
  var counts: [[Int]] = []

  init(bins: [[Range<Int>]], isMaximum: Bool) {
    self.bins = bins
    self.isMaximum = isMaximum
  }

  /// The windows of a layer of up to three axes.
  ///
  /// - Parameters:
  ///   - extents: depth, height and width of the input.
  ///   - output: the same of the output.
  init(_ pool: Layer.Pool, isMaximum: Bool, over extents: [Int], to output: [Int]) {
    let pool = pool.inVolume
    bins = (0..<3).map { axis in
      let reach = (pool.kernel[axis] - 1) * pool.dilation[axis] + 1
      return (0..<output[axis]).map { place in
        let start = place * pool.stride[axis] - pool.padding[axis]
        return start..<start + reach
      }
    }
    self.isMaximum = isMaximum
    dilation = pool.dilation
    let isPadded = pool.padding.contains { $0 > 0 }
    if !isMaximum, pool.countsPadding, isPadded || pool.rounding == .ceiling {
      count(padding: pool.padding, of: extents)
    }
  }

  /// Counts the padding, of which no window's reach beyond it is a part.
  mutating func count(padding: [Int], of extents: [Int]) {
    counts = zip(bins, zip(extents, padding)).map { bins, size in
      bins.map { min($0.upperBound, size.0 + size.1) - $0.lowerBound }
    }
  }

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

  /// Of each axis, for every output coordinate what lies in the input of its window.
  private func windows(_ input: [Int]) -> [[[Int]]] {
    (0..<3).map { axis in
      let by = dilation[axis]
      return bins[axis].map { bin in
        let before = bin.lowerBound < 0 ? (by - 1 - bin.lowerBound) / by : 0
        let end = min(bin.upperBound, input[axis + 1])
        return Array(stride(from: bin.lowerBound + before * by, to: end, by: by))
      }
    }
  }

  /// The places in the input, (channels, depth, height, width), of the window of an output.
  @inline(__always)
  private func each(
    _ position: Int, _ input: [Int], _ windows: [[[Int]]], _ body: (Int) -> Void
  ) {
    let (rows, columns) = (windows[1].count, windows[2].count)
    let place = position % (windows[0].count * rows * columns)
    let channel = position / (windows[0].count * rows * columns)
    for z in windows[0][place / (rows * columns)] {
      for y in windows[1][place / columns % rows] {
        let row = ((channel * input[1] + z) * input[2] + y) * input[3]
        for x in windows[2][place % columns] { body(row + x) }
      }
    }
  }

  /// What a sum of so many inputs is divided by.
  private func divisor(_ position: Int, elements: Int) -> Double {
    if counts.isEmpty { return Double(elements) }
    let (rows, columns) = (counts[1].count, counts[2].count)
    let place = position % (counts[0].count * rows * columns)
    return Double(counts[0][place / (rows * columns)]) * Double(counts[1][place / columns % rows])
      * Double(counts[2][place % columns])
  }

  func demand(_ positions: [Int], input: [Int]) -> [Int] {
    var wanted = [Bool](repeating: false, count: input.reduce(1, *))
    let volume = input.volume
    let windows = windows(volume)
    for position in positions { each(position, volume, windows) { wanted[$0] = true } }
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
    let windows = windows(volume)
    for index in 0..<count {
      let position = positions.map { $0[index] } ?? index
      var (sum, magnitude, most, elements) = (0.0, 0.0, -Double.infinity, 0)
      var (variance, bound) = (0.0, 0.0)
      var isKnown = true
      each(position, volume, windows) { place in
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
      if isMaximum {
        result.add(position, most, variance: variance, bound: bound)
      } else {
        let n = divisor(position, elements: elements)
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
