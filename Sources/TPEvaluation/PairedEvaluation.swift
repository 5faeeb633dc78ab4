/// Two models on the same clips.
public struct PairedEvaluation: Hashable, Sendable {
  /// The first.
  public let first: Evaluation
  /// The second, its classes in the order of the first's.
  public let second: Evaluation
  /// The clips that both have right.
  public let bothRight: Int
  /// The clips that neither has right.
  public let bothWrong: Int
  /// The clips that one of them has right, and how surprising their numbers are.
  public let test: McNemar
  /// The numbers of the clips for which they predict different classes.
  public let differing: [Int]

  /// - Precondition: both are of the same clips.
  public init(_ first: Evaluation, _ second: Evaluation) {
    precondition(first.outcomes.map(\.label) == second.outcomes.map(\.label))
    self.first = first
    self.second = second
    let pairs = Array(zip(first.outcomes, second.outcomes))
    bothRight = pairs.count { $0.isRight && $1.isRight }
    bothWrong = pairs.count { !$0.isRight && !$1.isRight }
    test = McNemar(
      onlyFirst: pairs.count { $0.isRight && !$1.isRight },
      onlySecond: pairs.count { !$0.isRight && $1.isRight })
    differing = pairs.filter { $0.predicted != $1.predicted }.map(\.0.clip)
  }
}
