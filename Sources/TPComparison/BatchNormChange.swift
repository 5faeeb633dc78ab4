internal import TPBytes
internal import TPTensors

/// What became of the running statistics of a batch norm.
public struct BatchNormChange: Hashable, Sendable {
  /// The name before `.running_mean`.
  public var name: String
  /// The largest |mean of b - mean of a| in standard deviations of a; `nil` where every variance of a
  /// is zero.
  public var meanShift: Double?
  /// The channel of it.
  public var meanShiftChannel: Int?
  /// The least and the greatest variance of b over that of a; `nil` where every variance of a is zero.
  public var varianceRatio: ClosedRange<Double>?
  /// How many channels have at least twice the variance.
  public var doubled = 0
  /// How many channels have at most half the variance.
  public var halved = 0
  /// How many channels of a have a variance below 1e-6.
  public var deadInA = 0
  /// How many channels of b have.
  public var deadInB = 0
  /// `num_batches_tracked` of a; `nil` where it has none.
  public var batchesInA: Int?
  /// The same of b.
  public var batchesInB: Int?

  /// The steps that were taken between the two, by its own counter.
  public var steps: Int? {
    guard let batchesInA, let batchesInB else { return nil }
    let (steps, overflow) = batchesInB.subtractingReportingOverflow(batchesInA)
    return overflow ? nil : steps
  }

  /// Below this variance a channel is called dead.
  public static let deadVariance = 1e-6

  /// All batch norms that both have with as many channels, in the order of the first; known by their
  /// names, without an architecture.
  static func all(_ a: StateDict, _ b: StateDict) throws(PortError) -> [BatchNormChange] {
    var changes: [BatchNormChange] = []
    for entry in a.entries where entry.name.hasSuffix("running_mean") {
      let prefix = String(entry.name.dropLast("running_mean".count))
      guard let otherMean = b[entry.name], let variance = a[prefix + "running_var"],
        let otherVariance = b[prefix + "running_var"],
        Set([entry.tensor, otherMean, variance, otherVariance].map(\.shape)).count == 1,
        [entry.tensor, otherMean, variance, otherVariance].allSatisfy({ $0.dtype.isReal })
      else { continue }
      var change = BatchNormChange(name: prefix.hasSuffix(".") ? String(prefix.dropLast()) : prefix)
      let sides = try ElementBlocks.all([entry.tensor, otherMean, variance, otherVariance])
      ElementBlocks.together(sides) { first, values in change.compare(first, values) }
      change.batchesInA = counter(a[prefix + "num_batches_tracked"])
      change.batchesInB = counter(b[prefix + "num_batches_tracked"])
      changes.append(change)
    }
    return changes
  }

  private static func counter(_ tensor: Tensor?) -> Int? {
    guard let tensor, tensor.shape.elementCount == 1 else { return nil }
    return (try? tensor.integers())?.first
  }

  /// - Parameter values: means of a and b, then variances of a and b, from channel `first` on.
  private mutating func compare(_ first: Int, _ values: [[Double]]) {
    for place in values[0].indices {
      let channel = first + place
      let (before, after) = (values[2][place], values[3][place])
      if before < Self.deadVariance { deadInA += 1 }
      if after < Self.deadVariance { deadInB += 1 }
      guard before > 0 else { continue }
      let shift = abs(values[1][place] - values[0][place]) / before.squareRoot()
      if !shift.isNaN, meanShift.map({ shift > $0 }) != false {
        (meanShift, meanShiftChannel) = (shift, channel)
      }
      let ratio = after / before
      if ratio.isNaN { continue }
      if ratio >= 2 { doubled += 1 }
      if ratio <= 0.5 { halved += 1 }
      varianceRatio =
        min(
          varianceRatio?.lowerBound ?? ratio, ratio)...max(
          varianceRatio?.upperBound ?? ratio, ratio)
    }
  }
}
