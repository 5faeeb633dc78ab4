/// Which frames of a longer or shorter recording a clip is made of.
public enum FrameSampling: String, Hashable, Sendable, CaseIterable {
  /// The middle ones, from frame (n - count) / 2 rounded down; of fewer than are needed all, and the last
  /// one again and again. The networks here were trained on these.
  case center
  /// Evenly from the first to the last, as `numpy.linspace(0, n - 1, count).astype(int)` has them; of
  /// fewer than are needed some more than once.
  case even

  /// The numbers of the frames, ascending.
  ///
  /// - Parameters:
  ///   - recorded: n, how many frames there are, at least 1.
  ///   - count: how many are needed, at least 0.
  public func indexes(of recorded: Int, count: Int) -> [Int] {
    precondition(recorded > 0 && count >= 0)
    switch self {
    case .center:
      let first = max(0, (recorded - count) / 2)
      return (0..<count).map { min(first + $0, recorded - 1) }
    case .even:
      guard count > 1 else { return Array(repeating: 0, count: count) }
      // NumPy multiplies by the step, and sets the last.
      let step = Double(recorded - 1) / Double(count - 1)
      return (0..<count - 1).map { Int(Double($0) * step) } + [recorded - 1]
    }
  }
}
