internal import TPBytes
internal import TPEvaluation

extension EvaluateReport {
  /// The most classes that a table has, and the most clips that are listed.
  private static let mostRows = 100

  /// The report as Markdown, for the summary of a step or a comment.
  public var markdown: String {
    var text = "### \(escaped(weights.file)) on \(escaped(dataset))\n\n"
    if let expectation { text += "**\(escaped(expectation.sentence, limit: 1000))**\n\n" }
    text += warnings.prefix(20).map { "> \(escaped($0, limit: 1000))\n\n" }.joined()
    text += part(weights, evaluation)
    if let expectation, !expectation.differing.isEmpty {
      text += "| clip | expected | got |\n|--:|---|---|\n"
      for difference in expectation.differing.prefix(EvaluateReport.mostRows) {
        text += "| \(difference.clip) | \(escaped(expectation.name(difference.expected)))"
        text += " | \(escaped(expectation.name(difference.found))) |\n"
      }
      text += "\n"
    }
    if let other {
      text += "### \(escaped(other.weights.file))\n\n" + part(other.weights, other.paired.second)
      text += pair(other.paired)
    }
    return text
  }

  private func part(_ weights: Weights, _ evaluation: Evaluation) -> String {
    var text = "\(evaluation.accuracy.words); \(evaluation.measures).\n\n"
    for recorded in weights.recorded {
      text += "- \(escaped(recorded.words(evaluation.accuracy, epoch: weights.epoch)))\n"
    }
    if !weights.recorded.isEmpty { text += "\n" }
    text += "| class | clips | right | recall | 95 % interval | taken for it | precision"
    text += " | 95 % interval |\n|---|--:|--:|--:|--:|--:|--:|--:|\n"
    for (index, result) in evaluation.perClass.enumerated().prefix(EvaluateReport.mostRows) {
      let cells =
        [
          escaped(evaluation.classes.name(index)), grouped(result.recall.total),
          grouped(result.recall.count),
        ] + result.recall.cells + [grouped(result.precision.total)] + result.precision.cells
      text += "| " + cells.joined(separator: " | ") + " |\n"
    }
    return text + "\n" + confusion(evaluation)
  }

  /// Rows are the clips' classes; left out where there are too many.
  private func confusion(_ evaluation: Evaluation) -> String {
    guard evaluation.classes.count <= 20 else { return "" }
    let names = evaluation.classes.indices.map { escaped(evaluation.classes.name($0)) }
    var text = "| is, taken for | " + names.joined(separator: " | ") + " |\n"
    text += "|---|" + String(repeating: "--:|", count: names.count) + "\n"
    for (name, row) in zip(names, evaluation.confusion) {
      let cells = row.map { grouped($0) }.joined(separator: " | ")
      text += "| \(name) | \(cells) |\n"
    }
    return text + "\n"
  }

  private func pair(_ paired: PairedEvaluation) -> String {
    var text = "| | second right | second wrong |\n|---|--:|--:|\n"
    text += "| first right | \(grouped(paired.bothRight)) | \(grouped(paired.test.onlyFirst)) |\n"
    text += "| first wrong | \(grouped(paired.test.onlySecond)) | \(grouped(paired.bothWrong)) |\n"
    text += "\n\(paired.test.words); another class is predicted for"
    text += " \(counted(paired.differing.count, "clip")).\n\n"
    if paired.differing.isEmpty { return text }
    text += "| clip | class | first | second |\n|--:|---|---|---|\n"
    for clip in paired.differing.prefix(EvaluateReport.mostRows) {
      let label = paired.first.classes.name(paired.first.outcomes[clip].label)
      text += "| \(clip) | \(escaped(label)) | \(escaped(paired.first.prediction(clip)))"
      text += " | \(escaped(paired.second.prediction(clip))) |\n"
    }
    return text + "\n"
  }
}
