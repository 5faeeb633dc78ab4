internal import CTPKernels

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
  var distances = [Int64](repeating: 0, count: Int(TP_ULP_BINS))
  /// Whether `place` is only that of the run where `largest` was met.
  var isPlaceRough = false
  /// Output channels in ascending order: the first and the last, which may be parts, and of those
  /// between them the eight that moved most.
  var channels: [Channel] = []

  /// Squares of the differences and of the first side.
  struct Channel: Sendable {
    var index: Int
    var delta = 0.0
    var a = 0.0

    /// Whether it comes before another among those that moved most; what is not a number moved most.
    func moved(beyond other: Channel) -> Bool {
      let (own, others) = (rank, other.rank)
      return own > others || (own == others && index < other.index)
    }

    private var rank: Double { delta.isNaN ? .infinity : delta }
  }

  /// How many channels are told of.
  static let mostChannels = 8

  /// Adds the run that follows.
  mutating func add(_ next: MeasureSums) {
    squaresA += next.squaresA
    squaresB += next.squaresB
    squaresDelta += next.squaresDelta
    product += next.product
    sumAbs += next.sumAbs
    finite += next.finite
    if next.place >= 0, isLarger(next.largest) {
      (largest, place, isPlaceRough) = (next.largest, next.place, next.isPlaceRough)
    }
    changed += next.changed
    flips += next.flips
    a.add(next.a)
    b.add(next.b)
    for index in distances.indices { distances[index] += next.distances[index] }
    add(next.channels)
  }

  /// Adds channels in ascending order, the first of them perhaps the rest of the last one here.
  mutating func add(_ next: [Channel]) {
    for channel in next {
      if let last = channels.last, last.index == channel.index {
        channels[channels.count - 1].delta += channel.delta
        channels[channels.count - 1].a += channel.a
      } else {
        channels.append(channel)
        if channels.count > 8 * Self.mostChannels { forgetChannels() }
      }
    }
  }

  /// Leaves only the first, the last, and those between them that moved most.
  mutating func forgetChannels() {
    guard channels.count > Self.mostChannels + 2 else { return }
    let most = channels[1..<channels.count - 1].sorted { $0.moved(beyond: $1) }
      .prefix(Self.mostChannels).sorted { $0.index < $1.index }
    channels = [channels[0]] + most + [channels[channels.count - 1]]
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
    if count == 0 {
      (count, mean, deviation) = (next.count, next.mean, next.deviation)
      return
    }
    let total = Double(count + next.count)
    let delta = next.mean - mean
    deviation += next.deviation + delta * delta * (Double(count) * Double(next.count) / total)
    mean += delta * (Double(next.count) / total)
    count += next.count
  }

  /// What a run of finite numbers is like.
  init(_ side: tp_side, count: Int) {
    (self.count, mean, deviation) = (count, side.mean, side.deviation)
    (sum, least, greatest) = (side.sum, side.least, side.greatest)
    (zero, denormal) = (Int(side.zero), Int(side.denormal))
  }

  init() {}

  var statistics: TensorMeasures.Statistics {
    var result = TensorMeasures.Statistics()
    (result.nan, result.infinite, result.zero, result.denormal) = (nan, infinite, zero, denormal)
    guard count > 0 else { return result }
    // Which of two zeros is met first tells nothing.
    (result.minimum, result.maximum, result.mean) = (least + 0, greatest + 0, mean)
    result.standardDeviation = (deviation / Double(count)).squareRoot()
    return result
  }
}
