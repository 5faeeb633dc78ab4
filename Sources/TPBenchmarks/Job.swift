internal import TPBytes

/// Something to be timed.
struct Job {
  let name: String
  var bytes: Int?
  var operations: Int?
  var threads: Int?
  /// Whether a run may be repeated without preparing it anew.
  var isRepeatable = true
  /// Does what is not timed, and gives what is.
  let prepare: () throws(PortError) -> () throws(PortError) -> Void

  /// A run of fewer seconds is repeated, and the mean is taken: what ran before it has left the
  /// caches to itself and, with more threads, the others asleep.
  static let shortest = 0.02

  /// The seconds of one run.
  func time(repeats: Int = 1) throws(PortError) -> Double {
    let work = try prepare()
    let start = ContinuousClock.now
    for _ in 0..<repeats { try work() }
    return seconds(start.duration(to: .now)) / Double(repeats)
  }

  /// Runs it once or twice for nothing, and says how often it must be repeated to be timed.
  func repeats() throws(PortError) -> Int {
    let first = try time()
    guard isRepeatable, first < Self.shortest else { return 1 }
    let later = try time()
    return max(1, min(100_000, Int((Self.shortest / max(later, 1e-9)).rounded(.up))))
  }
}

/// A duration in seconds.
func seconds(_ duration: Duration) -> Double {
  let (whole, parts) = duration.components
  return Double(whole) + Double(parts) * 1e-18
}
