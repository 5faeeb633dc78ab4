internal import TPBytes
internal import TPEvaluation

extension Evaluation {
  /// Recall and precision with their intervals.
  func classCharts(id: String) -> Node {
    func rows(_ value: (ClassResult) -> Proportion) -> [RowChart.Row] {
      [row("all clips", accuracy, isStrong: true)]
        + perClass.enumerated().map { row(classes.name($0), value($1)) }
    }
    let ticks = Ticks(linear: 0, 1, count: 6)
    let percents = Ticks(percents: ticks)
    let drawings = [
      ("recall", "Of the clips of a class, how many were found", rows(\.recall)),
      ("precision", "Of the clips taken for a class, how many are of it", rows(\.precision)),
    ].map { name, title, rows in
      RowChart(
        title: title,
        description:
          "The \(name) of each class with its 95 % interval, in per cent; the first row is"
          + " the accuracy over all clips. The table below has the figures.",
        series: [name], rows: rows, ticks: percents, unit: { percent($0) }
      ).node(id: "\(id)-\(name)")
    }
    return charts(drawings)
  }

  private func row(
    _ name: String, _ proportion: Proportion, isStrong: Bool = false
  ) -> RowChart.Row {
    RowChart.Row(
      name: name, values: [proportion.share],
      interval: proportion.interval.map { ($0.low, $0.high) }, isStrong: isStrong)
  }

  var classRows: PageTable {
    var table = PageTable(
      "Classes in index order; intervals are Wilson's, 95 %.",
      [
        ("class", .name), ("clips", .number), ("found", .number), ("recall", .number),
        ("from", .number), ("to", .number), ("taken for it", .number), ("precision", .number),
        ("from", .number), ("to", .number),
      ])
    for (index, result) in perClass.enumerated() {
      let (recall, precision) = (result.recall, result.precision)
      table.add(
        .name(classes.name(index)), .count(recall.total), .count(recall.count),
        .share(recall.share), .share(recall.interval?.low), .share(recall.interval?.high),
        .count(precision.total), .share(precision.share), .share(precision.interval?.low),
        .share(precision.interval?.high))
    }
    return table
  }

  /// The most classes of which every pair is shown.
  private static let mostClasses = 40

  /// The matrix, or of many classes the most frequent confusions.
  func confusions(id: String) -> [Node] {
    guard classes.count <= Evaluation.mostClasses else {
      return [frequent.node(id: id)]
    }
    return [
      paragraph(
        "Rows are the clips' classes, columns what they were taken for. The shade is the share of"
          + " the row; what is right is framed."),
      matrix(id: id),
    ]
  }

  private func matrix(id: String) -> Node {
    let hasGap = withoutPrediction > 0
    return element(
      .div, .class("table sticky"), Attribute("role", "group"), Attribute("tabindex", "0"),
      Attribute("aria-labelledby", id + "-caption")
    ) {
      element(.table, .id(id), .class("matrix")) {
        element(.caption, .id(id + "-caption")) {
          element(.span, text: "Clips by class and prediction.")
        }
        element(.thead) {
          element(.tr) {
            element(.th, Attribute("scope", "col"), text: "class")
            for index in classes.indices {
              element(.th, Attribute("scope", "col")) { named(classes.name(index), limit: 14) }
            }
            if hasGap { element(.th, Attribute("scope", "col"), text: "none") }
          }
        }
        element(.tbody) {
          for (label, row) in confusion.enumerated() { matrixRow(label, row, hasGap) }
        }
      }
    }
  }

  private func matrixRow(_ label: Int, _ row: [Int], _ hasGap: Bool) -> Node {
    let total = perClass[label].recall.total
    var cells = row
    if hasGap { cells.append(total - row.reduce(0, +)) }
    return element(.tr) {
      element(.th, Attribute("scope", "row")) { named(classes.name(label), limit: 28) }
      for (place, count) in cells.enumerated() {
        let share = total == 0 ? 0 : Double(count) / Double(total)
        let step = count == 0 ? 0 : min(8, 1 + Int(share * 8))
        element(
          .td, .class("h\(step)" + (place == label ? " own" : "")),
          Attribute("data-value", "\(count)"), text: grouped(count))
      }
    }
  }

  private var frequent: PageTable {
    var pairs: [(label: Int, predicted: Int, count: Int)] = []
    for (label, row) in confusion.enumerated() {
      for (predicted, count) in row.enumerated() where predicted != label && count > 0 {
        pairs.append((label, predicted, count))
      }
    }
    pairs.sort { ($1.count, $0.label, $0.predicted) < ($0.count, $1.label, $1.predicted) }
    var table = PageTable(
      pairs.isEmpty
        ? "No class was taken for another." : "Confusions, the most frequent first.",
      [("class", .name), ("taken for", .name), ("clips", .number)])
    for pair in pairs.prefix(PageTable.mostRows) {
      table.add(
        .name(classes.name(pair.label)), .name(classes.name(pair.predicted)), .count(pair.count))
    }
    table.skip(pairs.count - min(pairs.count, PageTable.mostRows))
    return table
  }
}
