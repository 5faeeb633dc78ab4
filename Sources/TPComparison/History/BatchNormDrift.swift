internal import TPBytes
internal import TPTensors

/// How the running statistics of one batch norm moved from one checkpoint to the next.
///
/// A batch norm is recognised by its siblings `running_mean` and `running_var`. Channels that were dead
/// before (running variance below ``deadVariance``) are counted and left out of the other figures.
public struct BatchNormDrift: Hashable, Sendable {
  /// A channel whose running variance is below this is dead: its unit says the same whatever comes.
  public static let deadVariance = 1e-6

  /// The layer's name.
  public var name: String
  /// The largest |d mean| / sigma of a channel, sigma the square root of its running variance before.
  public var meanShiftMax: Double
  /// The mean of |d mean| / sigma over the channels.
  public var meanShiftMean: Double
  /// The least running variance after / before.
  public var varianceRatioMin: Double
  /// The greatest.
  public var varianceRatioMax: Double
  /// How many channels are dead after.
  public var dead: Int
  /// By how much `num_batches_tracked` grew: the batches seen; `nil` where either has no counter.
  public var batches: Int?

  /// Measures one batch norm.
  ///
  /// - Returns: `nil` where the statistics are not there, or not of one length on both sides.
  /// - Throws: `PortError` where the bytes cannot be had.
  init?(
    _ name: String, from before: StateDict, to after: StateDict, _ limits: ReadLimits
  ) throws(PortError) {
    func values(_ state: StateDict, _ part: String) throws(PortError) -> [Double]? {
      guard let tensor = state[name + part], tensor.dtype.isFloatingPoint, tensor.dtype.isReal
      else { return nil }
      return try tensor.doubles(limits: limits)
    }
    guard let mean = try values(before, ".running_mean"),
      let newMean = try values(after, ".running_mean"),
      let variance = try values(before, ".running_var"),
      let newVariance = try values(after, ".running_var"),
      Set([mean.count, newMean.count, variance.count, newVariance.count]).count == 1
    else { return nil }
    self.name = name
    dead = newVariance.count { $0 < Self.deadVariance }
    var (sum, greatest, count) = (0.0, 0.0, 0)
    var (least, most) = (Double.infinity, -Double.infinity)
    for channel in mean.indices where !(variance[channel] < Self.deadVariance) {
      let shift = abs(newMean[channel] - mean[channel]) / variance[channel].squareRoot()
      let ratio = newVariance[channel] / variance[channel]
      sum += shift
      count += 1
      if !(shift <= greatest) { greatest = shift }
      if !(ratio >= least) { least = ratio }
      if !(ratio <= most) { most = ratio }
    }
    meanShiftMax = count == 0 ? .nan : greatest
    meanShiftMean = sum / Double(count)
    varianceRatioMin = count == 0 ? .nan : least
    varianceRatioMax = count == 0 ? .nan : most
    let old = before[name + ".num_batches_tracked"].flatMap { try? $0.integers().first }
    let new = after[name + ".num_batches_tracked"].flatMap { try? $0.integers().first }
    if let old, let new {
      let (difference, overflow) = new.subtractingReportingOverflow(old)
      batches = overflow ? nil : difference
    }
  }
}
