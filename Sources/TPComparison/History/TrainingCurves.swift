/// What the longest history of a run says, epoch by epoch, and what follows from it.
public struct TrainingCurves: Hashable, Sendable {
  /// The best epoch.
  public struct Best: Hashable, Sendable {
    /// The epoch.
    public var epoch: Int
    /// The validation accuracy, or the loss, as the file has it.
    public var value: Double
    /// Whether it is the best by validation accuracy; else by validation loss, where there is no
    /// accuracy.
    public var isByAccuracy: Bool
  }

  /// The first epoch over an accuracy.
  public struct Milestone: Hashable, Sendable {
    /// The accuracy in per cent.
    public var percent: Double
    /// The first epoch whose validation accuracy is greater; `nil` where there is none.
    public var epoch: Int?
  }

  /// The accuracies whose first epoch is told, in per cent.
  public static let milestoneLines: [Double] = [50, 60, 70, 75, 80]
  /// A plateau has at least so many epochs.
  public static let plateauEpochs = 5

  /// The file whose lists these are: a place in ``RunHistory/files``.
  public var file: Int
  /// The epoch of the first value of each list.
  public var firstEpoch: Int
  /// What the file has.
  public var recorded: RecordedCurves
  /// Whether accuracies are per cent: some accuracy of the run is over 1. Else they are shares.
  public var isPercent: Bool

  /// An accuracy in per cent.
  public func percent(_ accuracy: Double) -> Double { isPercent ? accuracy : accuracy * 100 }

  /// The epoch of a place in a list.
  public func epoch(_ place: Int) -> Int { firstEpoch &+ place }

  /// The epoch with the greatest validation accuracy, else with the least validation loss; the first
  /// of several; `nil` where neither is recorded.
  public var best: Best? {
    let accuracies = recorded.validationAccuracies
    if let place = accuracies.indices.filter({ accuracies[$0].isFinite })
      .min(by: { (-accuracies[$0], $0) < (-accuracies[$1], $1) })
    {
      return Best(epoch: epoch(place), value: accuracies[place], isByAccuracy: true)
    }
    let losses = recorded.validationLosses
    guard
      let place = losses.indices.filter({ losses[$0].isFinite })
        .min(by: { (losses[$0], $0) < (losses[$1], $1) })
    else { return nil }
    return Best(epoch: epoch(place), value: losses[place], isByAccuracy: false)
  }

  /// The first epoch over each of ``milestoneLines``; empty where no validation accuracy is recorded.
  public var milestones: [Milestone] {
    let accuracies = recorded.validationAccuracies
    if accuracies.isEmpty { return [] }
    return Self.milestoneLines.map { line in
      Milestone(
        percent: line, epoch: accuracies.firstIndex { percent($0) > line }.map { epoch($0) })
    }
  }

  /// Training accuracy less validation accuracy, in points, epoch by epoch: large where the network
  /// knows its own clips better than others.
  public var gaps: [Double] {
    zip(recorded.trainAccuracies, recorded.validationAccuracies).map {
      percent($0) - percent($1)
    }
  }

  /// The gap at an epoch.
  public func gap(at epoch: Int) -> Double? {
    let place = epoch.subtractingReportingOverflow(firstEpoch)
    return !place.overflow && gaps.indices.contains(place.partialValue)
      ? gaps[place.partialValue] : nil
  }

  /// Epochs in which the best validation accuracy so far was not exceeded: runs of at least
  /// ``plateauEpochs``, as long as they go.
  public var plateaus: [ClosedRange<Int>] {
    var found: [ClosedRange<Int>] = []
    var best = -Double.infinity
    var start: Int?
    let accuracies = recorded.validationAccuracies
    for place in 0...accuracies.count {
      let isEnd = place == accuracies.count
      if isEnd || accuracies[place] > best {
        if let start, place - start >= Self.plateauEpochs {
          found.append(epoch(start)...epoch(place - 1))
        }
        start = nil
        if !isEnd { best = accuracies[place] }
      } else if start == nil {
        start = place
      }
    }
    return found
  }
}
