/// What is added up over a run of elements; runs are put together in their order, so that threads
/// change no bit.
struct MeasureSums: Sendable {
  var (squaresA, squaresB, squaresDelta, product) = (0.0, 0.0, 0.0, 0.0)
  var sumAbs = 0.0
  var finite = 0
  var (largest, place) = (0.0, -1)
  var (changed, flips) = (0, 0)
  var (a, b) = (SideSums(), SideSums())
  /// Distances in units in the last place: 0, then 2^(k-1) to 2^k - 1 in bin k.
  var distances = [Int](repeating: 0, count: 66)
  /// Squares of the differences and of the first side, for each output channel from `firstChannel`.
  var firstChannel = 0
  var channels: [(delta: Double, a: Double)] = []

  /// Adds the run that follows.
  mutating func add(_ next: MeasureSums) {
    squaresA += next.squaresA
    squaresB += next.squaresB
    squaresDelta += next.squaresDelta
    product += next.product
    sumAbs += next.sumAbs
    finite += next.finite
    if next.place >= 0, isLarger(next.largest) { (largest, place) = (next.largest, next.place) }
    changed += next.changed
    flips += next.flips
    a.add(next.a)
    b.add(next.b)
    for index in distances.indices { distances[index] += next.distances[index] }
    for (index, channel) in next.channels.enumerated() {
      let own = next.firstChannel + index
      while channels.count <= own { channels.append((0, 0)) }
      channels[own].delta += channel.delta
      channels[own].a += channel.a
    }
  }

  /// A NaN that is new is the largest difference of all, and stays it.
  @inline(__always)
  func isLarger(_ size: Double) -> Bool {
    place < 0 || size > largest || (size.isNaN && !largest.isNaN)
  }
}

/// The same for what one side is like.
struct SideSums: Sendable {
  var (count, mean, deviation) = (0, 0.0, 0.0)
  var (sum, least, greatest) = (0.0, Double.infinity, -Double.infinity)
  var (nan, infinite, zero, denormal) = (0, 0, 0, 0)

  /// Puts two together as Chan, Golub and LeVeque do (The American Statistician 37, 1983).
  mutating func add(_ next: SideSums) {
    least = min(least, next.least)
    greatest = max(greatest, next.greatest)
    nan += next.nan
    infinite += next.infinite
    zero += next.zero
    denormal += next.denormal
    guard next.count > 0 else { return }
    let total = Double(count + next.count)
    let delta = next.mean - mean
    deviation += next.deviation + delta * delta * (Double(count) * Double(next.count) / total)
    mean += delta * (Double(next.count) / total)
    count += next.count
  }

  var statistics: TensorMeasures.Statistics {
    var result = TensorMeasures.Statistics()
    (result.nan, result.infinite, result.zero, result.denormal) = (nan, infinite, zero, denormal)
    guard count > 0 else { return result }
    (result.minimum, result.maximum, result.mean) = (least, greatest, mean)
    result.standardDeviation = (deviation / Double(count)).squareRoot()
    return result
  }
}
