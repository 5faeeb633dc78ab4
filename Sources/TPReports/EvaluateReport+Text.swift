internal import TPBytes
internal import TPEvaluation

extension EvaluateReport {
  /// The report for a terminal.
  ///
  /// - Parameter verbose: whether classes and confusions are told where an earlier run or other
  ///   weights were asked about, too.
  public func text(verbose: Bool) -> String {
    let isBrief = !verbose && (expectation != nil || other != nil)
    var text = part(weights, evaluation, isBrief: isBrief)
    if let other {
      text += "\n" + part(other.weights, other.paired.second, isBrief: isBrief)
      text += "\n" + other.paired.text
    }
    if let expectation { text += "\n" + expectation.text }
    return text
  }

  /// One model's part.
  private func part(_ weights: Weights, _ evaluation: Evaluation, isBrief: Bool) -> String {
    var text = "\(printable(weights.file)) on \(printable(dataset)): "
    text += "\(evaluation.accuracy.words)\n"
    text += "  \(evaluation.measures)\n"
    for recorded in weights.recorded {
      text += "  \(recorded.words(evaluation.accuracy, epoch: weights.epoch))\n"
    }
    if evaluation.withoutPrediction > 0 {
      text += "  \(counted(evaluation.withoutPrediction, "clip")) without a prediction, because"
      text += " a probability is not a number; counted as wrong\n"
    }
    guard !isBrief else { return text }
    return text + "\n" + evaluation.classTable + "\n" + evaluation.confusionTable
  }
}

extension Proportion {
  /// `38 of 40 clips right, 95.00 % (95 % interval 83.50 % to 98.62 %)`
  var words: String {
    var text = "\(grouped(count)) of \(counted(total, "clip")) right"
    if let share, let interval {
      text += ", \(percent(share)) (95 % interval \(percent(interval.low))"
      text += " to \(percent(interval.high)))"
    }
    return text
  }

  /// The share, and the ends of its interval; empty of none.
  var cells: [String] {
    guard let share, let interval else { return ["", ""] }
    return [percent(share), "\(fixed(interval.low * 100, 2)) to \(percent(interval.high))"]
  }
}

extension RecordedAccuracy {
  /// `recorded validation accuracy 95.00 % (best_val_acc, epoch 24): +0.00 points here`
  func words(_ accuracy: Proportion, epoch: Int?) -> String {
    var text = "recorded \(set.rawValue) accuracy \(percent(share)) (\(key)"
    if let epoch { text += ", epoch \(epoch)" }
    text += isPercent ? ")" : ", a fraction)"
    guard let now = accuracy.share else { return text }
    let gap = (now - share) * 100
    // What is rounded away is no gap.
    let shown = abs(gap) < 0.005 ? 0 : gap
    return text + ": here \(shown < 0 ? "" : "+")\(fixed(shown, 2)) points"
  }
}

extension Evaluation {
  /// The two measures of the probabilities.
  var measures: String {
    let error = calibration.error
    return "mean cross-entropy \(significant(crossEntropy, 4)), expected calibration error "
      + (error.isFinite ? percent(error) : significant(error))
      + " (\(Calibration.binCount) bins)"
  }

  /// Clips, recall and precision of each class.
  var classTable: String {
    var table = Table([
      ("class", .left), ("clips", .right), ("right", .right), ("recall", .right),
      ("95 % interval", .right), ("taken for it", .right), ("precision", .right),
      ("95 % interval", .right),
    ])
    for (index, result) in perClass.enumerated() {
      table.add(
        [
          printable(classes.name(index), limit: 60), grouped(result.recall.total),
          grouped(result.recall.count),
        ] + result.recall.cells + [grouped(result.precision.total)] + result.precision.cells)
    }
    return table.text
  }

  /// The most classes of which every pair is shown on a terminal.
  private static let widest = 20

  /// Rows are the clips' classes, columns those that they were taken for, by index; of many classes
  /// the most frequent confusions.
  var confusionTable: String {
    guard classes.count <= Evaluation.widest else { return frequentConfusions }
    let hasGap = withoutPrediction > 0
    var table = Table(
      [("confusion", .left), ("", .right)] + classes.indices.map { ("\($0)", .right) }
        + (hasGap ? [("none", .right)] : []))
    for (index, row) in confusion.enumerated() {
      var cells = [printable(classes.name(index), limit: 60), "\(index)"]
      cells += row.map { $0 == 0 ? "." : grouped($0) }
      if hasGap {
        cells.append(grouped(perClass[index].recall.total - row.reduce(0, +)))
      }
      table.add(cells)
    }
    return table.text
  }

  private var frequentConfusions: String {
    let wrong = confusion.enumerated().flatMap { label, row in
      row.enumerated().filter { $0.offset != label && $0.element > 0 }.map {
        (label: label, predicted: $0.offset, count: $0.element)
      }
    }
    if wrong.isEmpty { return "  no class was taken for another\n" }
    let order = wrong.sorted {
      ($1.count, $0.label, $0.predicted) < ($0.count, $1.label, $1.predicted)
    }
    var table = Table([("class", .left), ("taken for", .left), ("clips", .right)])
    for pair in order.prefix(Evaluation.widest) {
      table.add(
        printable(classes.name(pair.label), limit: 60),
        printable(classes.name(pair.predicted), limit: 60), grouped(pair.count))
    }
    let more = order.count - Evaluation.widest
    return table.text + (more > 0 ? "  and \(counted(more, "pair")) more\n" : "")
  }
}

extension Classes {
  var indices: Range<Int> { 0..<count }
}

extension McNemar {
  /// `McNemar's test, exact: p = 0.0625`
  var words: String {
    let how =
      switch method {
      case .exact: "exact binomial, two-sided"
      case .chiSquared: "chi-square with continuity correction \(significant(statistic ?? 0, 4))"
      }
    return "McNemar's test (\(how)): p = \(significant(probability, 3))"
  }
}

extension PairedEvaluation {
  var text: String {
    var table = Table([("", .left), ("second right", .right), ("second wrong", .right)])
    table.add("first right", grouped(bothRight), grouped(test.onlyFirst))
    table.add("first wrong", grouped(test.onlySecond), grouped(bothWrong))
    var text = table.text + "  \(test.words)\n"
    guard !differing.isEmpty else {
      return text + "  the same class is predicted for every clip\n"
    }
    text += "  another class is predicted for \(counted(differing.count, "clip"))\n"
    for clip in differing.prefix(20) {
      text += "    clip \(clip), \(printable(first.classes.name(first.outcomes[clip].label)))"
      text += ": first \(first.prediction(clip)), second \(second.prediction(clip))\n"
    }
    if differing.count > 20 { text += "    and \(differing.count - 20) more\n" }
    return text
  }
}

extension Evaluation {
  /// The predicted class of a clip for a sentence.
  func prediction(_ clip: Int) -> String {
    outcomes[clip].predicted.map { printable(classes.name($0), limit: 60) } ?? "nothing"
  }
}
