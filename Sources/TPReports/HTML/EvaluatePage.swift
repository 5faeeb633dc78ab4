internal import TPBytes
internal import TPEvaluation

extension EvaluateReport {
  /// The report as one self-contained page.
  public var html: String { page.html }

  package var page: Page {
    let accuracy = evaluation.accuracy
    var headline =
      "\(grouped(accuracy.count)) of \(counted(accuracy.total, "clip")) right"
    var mark = Mark.plain
    if let share = accuracy.share { headline = "\(percent(share)) right" }
    if let expectation {
      mark = !expectation.isDecided ? .doubt : expectation.isWorse ? .bad : .good
      headline =
        !expectation.isDecided
        ? "Nothing to compare with" : expectation.isWorse ? "Not as expected" : "As expected"
    } else if let other {
      mark = other.paired.differing.isEmpty ? .good : .doubt
      headline =
        other.paired.differing.isEmpty
        ? "Both predict the same"
        : "\(counted(other.paired.differing.count, "prediction")) differ"
      if other.paired.differing.count == 1 { headline += "s" }
    }
    var page = Page(
      command: "evaluate", title: "\(headline): \(weights.file)", mark: mark, headline: headline)
    page.summary = summary
    if let expectation { add(expectation, to: &page) }
    if let other { other.paired.add(to: &page) }
    add(weights, evaluation, to: &page, prefix: other == nil ? "" : "First: ")
    if let other { add(other.weights, other.paired.second, to: &page, prefix: "Second: ") }
    return page
  }

  private var summary: [Node] {
    var nodes = [
      element(.p, .class("lead")) {
        named(weights.file)
        if let other {
          " and "
          named(other.weights.file)
        }
        " on "
        named(dataset)
      }
    ]
    if let expectation { nodes.append(paragraph(sentence(expectation.sentence))) }
    if let other { nodes.append(paragraph(sentence(other.paired.test.words))) }
    nodes += warningCallouts(warnings)
    guard let other else { return nodes + [factList(figures(weights, evaluation))] }
    let first = figures(weights, evaluation)
    let second = figures(other.weights, other.paired.second)
    var table = PageTable(
      "The two beside each other.",
      [("measure", .words), ("first", .words), ("second", .words)])
    for row in first {
      table.add(
        .text(row.term), .nodes(row.value),
        .nodes(second.first { $0.term == row.term }?.value ?? []))
    }
    nodes.append(table.node(id: "both"))
    return nodes
  }

  private func figures(
    _ weights: Weights, _ evaluation: Evaluation
  ) -> [(term: String, value: [Node])] {
    let accuracy = evaluation.accuracy
    let error = evaluation.calibration.error
    var list: [(term: String, value: [Node])] = []
    if other != nil { list.append(("Weights", [named(weights.file)])) }
    list.append(("Right", [.text("\(grouped(accuracy.count)) of \(grouped(accuracy.total))")]))
    if let share = accuracy.share, let interval = accuracy.interval {
      list.append(
        (
          "Accuracy, 95 % interval",
          [.text("\(percent(share)), \(fixed(interval.low * 100, 2)) to \(percent(interval.high))")]
        ))
    }
    list.append(("Mean cross-entropy", [.text(significant(evaluation.crossEntropy, 4))]))
    list.append(
      (
        "Expected calibration error",
        [.text(error.isFinite ? percent(error) : significant(error))]
      ))
    for recorded in weights.recorded {
      list.append(
        (
          "Recorded \(recorded.set.rawValue) accuracy",
          [
            .text("\(percent(recorded.share)) ("), named(recorded.key, limit: 60),
            .text(weights.epoch.map { ", epoch \($0))" } ?? ")"),
          ]
        ))
    }
    if evaluation.withoutPrediction > 0 {
      list.append(
        ("Without a prediction", [.text(counted(evaluation.withoutPrediction, "clip"))]))
    }
    list.append(("Architecture", [named(weights.architecture)]))
    list.append(("Digest of the weights", [named(weights.digest)]))
    return list
  }

  private func add(_ expectation: EvaluationExpectation, to page: inout Page) {
    guard !expectation.differing.isEmpty else { return }
    var table = PageTable(
      "Clips for which another class is predicted than in the earlier run.",
      [("clip", .number), ("expected", .name), ("got", .name)])
    for difference in expectation.differing {
      table.add(
        .count(difference.clip), .name(difference.expected ?? "nothing"),
        .name(difference.found ?? "nothing"))
    }
    let id = page.name("table")
    page.add("Against the earlier run") { table.node(id: id) }
  }

  private func add(
    _ weights: Weights, _ evaluation: Evaluation, to page: inout Page, prefix: String
  ) {
    let (recall, table) = (page.name("recall"), page.name("table"))
    page.add(prefix + "Classes") {
      evaluation.classCharts(id: recall)
      evaluation.classRows.node(id: table)
    }
    let matrix = page.name("confusion")
    page.add(prefix + "Confusions") { evaluation.confusions(id: matrix) }
    let (chart, bins) = (page.name("calibration"), page.name("table"))
    page.add(prefix + "Calibration") {
      paragraph(
        "Whether the model is right as often as it says: clips by their highest probability, in"
          + " \(Calibration.binCount) bins.")
      evaluation.calibrationChart(id: chart)
      folded("Table of the bins") { evaluation.calibrationRows.node(id: bins) }
    }
    let wrong = page.name("wrong")
    page.add(prefix + "Clips") { evaluation.clipRows.node(id: wrong) }
  }
}
