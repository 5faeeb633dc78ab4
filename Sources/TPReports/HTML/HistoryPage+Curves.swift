internal import TPBytes
internal import TPComparison

extension HistoryReport {
  func addCurves(to page: inout Page) {
    guard let curves = history.curves else { return }
    let (drawings, table) = (page.name("curves"), page.name("epochs"))
    let milestones = page.name("milestones")
    page.add("Training") {
      charts(
        curveCharts(curves, id: drawings)
          + (curves.milestones.isEmpty
            ? [] : [element(.div) { milestoneTable(curves).node(id: milestones) }]))
      folded("Table of the epochs") { epochTable(curves).node(id: table) }
    }
  }

  private func curveCharts(_ curves: TrainingCurves, id: String) -> [Node] {
    let recorded = curves.recorded
    var nodes: [Node] = []
    let accuracies = [
      ("training", recorded.trainAccuracies), ("validation", recorded.validationAccuracies),
    ].map { ($0, $1.map(curves.percent)) }
    if let chart = chart("Accuracy, %", curves, accuracies, isShare: true) {
      nodes.append(chart.node(id: id + "-accuracy"))
    }
    let losses = [
      ("training", recorded.trainLosses), ("validation", recorded.validationLosses),
    ]
    if let chart = chart("Loss", curves, losses, isShare: false) {
      nodes.append(chart.node(id: id + "-loss"))
    }
    if let chart = rateChart { nodes.append(chart.node(id: id + "-rate")) }
    return nodes
  }

  private func chart(
    _ title: String, _ curves: TrainingCurves, _ lists: [(String, [Double])], isShare: Bool
  ) -> LineChart? {
    let series = lists.filter { !$1.isEmpty }.map { name, values in
      LineChart.Series(
        name: name,
        points: values.enumerated().map { (x: Double(curves.epoch($0)), y: $1) })
    }
    let values = series.flatMap { $0.points.map(\.y) }.filter(\.isFinite)
    guard let low = values.min(), let high = values.max() else { return nil }
    let last = Double(curves.epoch(max(curves.recorded.count, 1) - 1))
    var chart = LineChart(
      title: title,
      description: "\(title) of each epoch of training and validation, from \(significant(low))"
        + " to \(significant(high)). The table of the epochs has the figures.",
      across: "epoch", series: series,
      ticksX: Ticks(linear: Double(curves.firstEpoch), last, count: 7),
      ticksY: Ticks(linear: low, high))
    chart.hasMarks = curves.recorded.count <= 40
    if let best = curves.best, best.isByAccuracy == isShare {
      chart.marked = (
        Double(best.epoch), isShare ? curves.percent(best.value) : best.value, "best: \(best.epoch)"
      )
    }
    return chart
  }

  /// Of the first parameter group, checkpoint by checkpoint.
  private var rateChart: LineChart? {
    let points = history.sequence.compactMap { place -> (x: Double, y: Double)? in
      guard let epoch = epoch(place), let rate = history.files[place].optimizer?.rates.first,
        rate.isFinite
      else { return nil }
      return (Double(epoch), rate)
    }
    let rates = points.map(\.y).filter { $0 > 0 }
    guard points.count > 1, let low = rates.min(), let high = rates.max(),
      let first = points.first, let last = points.last
    else { return nil }
    var chart = LineChart(
      title: "Learning rate",
      description: "The learning rate of the first parameter group at each checkpoint, on a"
        + " logarithmic axis; it changed \(counted(history.rateSteps.count, "time")). The table of"
        + " the files has the figures.",
      across: "epoch", series: [.init(name: "learning rate", points: points)],
      ticksX: Ticks(linear: first.x, last.x, count: 7), ticksY: Ticks(logarithmic: low, high))
    chart.isStepped = true
    return chart
  }

  private func milestoneTable(_ curves: TrainingCurves) -> PageTable {
    var table = PageTable(
      "The first epoch whose validation accuracy is over each line.",
      [("over, %", .number), ("epoch", .number)])
    for milestone in curves.milestones {
      table.add(
        .number(milestone.percent, significant(milestone.percent)),
        .number(milestone.epoch.map { Double($0) }, milestone.epoch.map { "\($0)" } ?? "never"))
    }
    return table
  }

  private func epochTable(_ curves: TrainingCurves) -> PageTable {
    let recorded = curves.recorded
    var table = PageTable(
      "What the longest history says of each epoch; accuracies in per cent.",
      [
        ("epoch", .number), ("training loss", .number), ("validation loss", .number),
        ("training accuracy", .number), ("validation accuracy", .number), ("gap", .number),
      ])
    func value(_ list: [Double], _ place: Int) -> Double? {
      list.indices.contains(place) ? list[place] : nil
    }
    for place in 0..<min(recorded.count, PageTable.mostRows) {
      let training = value(recorded.trainAccuracies, place).map(curves.percent)
      let validation = value(recorded.validationAccuracies, place).map(curves.percent)
      table.add(
        .count(curves.epoch(place)), .figured(value(recorded.trainLosses, place), 4),
        .figured(value(recorded.validationLosses, place), 4), .figured(training, 4),
        .figured(validation, 4), .figured(curves.gap(at: curves.epoch(place)), 3))
    }
    table.skip(recorded.count - min(recorded.count, PageTable.mostRows))
    return table
  }
}
