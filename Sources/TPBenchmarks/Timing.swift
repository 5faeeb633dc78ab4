/// How long a job took, run by run.
public struct Timing: Hashable, Sendable {
  /// What was done, for example `convert to hdf5`.
  public let job: String
  /// Seconds that each run took, in the order in which they were run; at least one.
  public let seconds: [Double]
  /// Bytes that a run reads, where its work is to read.
  public let bytes: Int?
  /// Floating-point operations that a run stands for, a multiply-add counted as two: those of the
  /// layers' definitions, whatever the algorithm needs.
  public let operations: Int?
  /// How many threads may work on it, where that was chosen.
  public let threads: Int?

  /// The times of a job.
  public init(
    job: String, seconds: [Double], bytes: Int? = nil, operations: Int? = nil, threads: Int? = nil
  ) {
    self.job = job
    self.seconds = seconds
    self.bytes = bytes
    self.operations = operations
    self.threads = threads
  }

  /// The median, in seconds.
  public var median: Double { quantile(0.5) }
  /// The shortest run, in seconds.
  public var least: Double { seconds.min() ?? 0 }
  /// The distance between the quartiles, as a share of the median.
  public var spread: Double {
    median > 0 ? (quantile(0.75) - quantile(0.25)) / median : 0
  }

  /// Bytes a second at the median.
  public var bandwidth: Double? { bytes.map { Double($0) / median } }
  /// Floating-point operations a second at the median.
  public var rate: Double? { operations.map { Double($0) / median } }

  /// Between the two nearest runs, as NumPy's `quantile` does.
  func quantile(_ share: Double) -> Double {
    let sorted = seconds.sorted()
    guard let last = sorted.last else { return 0 }
    let place = share * Double(sorted.count - 1)
    let index = Int(place)
    guard index + 1 < sorted.count else { return last }
    return sorted[index] + (sorted[index + 1] - sorted[index]) * (place - Double(index))
  }
}
