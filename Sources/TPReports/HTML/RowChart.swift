/// One or several values for each of several rows, on one axis.
struct RowChart {
  /// A row: its name, and a value of each series.
  struct Row {
    var name: String
    /// One for each series; `nil` where there is none.
    var values: [Double?]
    /// The ends of an interval around the first value.
    var interval: (low: Double, high: Double)?
    /// Whether it is a row apart, above the others.
    var isStrong = false
  }

  /// The most rows that are drawn.
  static let mostRows = 60
  private static let step = 17.0
  private static let right = 398.0

  var title: String
  var description: String
  var series: [String]
  var rows: [Row]
  var ticks: Ticks
  /// A line across the axis with its text.
  var limit: (value: Double, text: String)?
  /// How a value is said.
  var unit: (Double) -> String = { significant($0) }
  /// Whether a bar leads from the beginning of the axis to each value.
  var hasBars = false
  /// How many rows there are that are not even given.
  var more = 0

  /// Where the axis begins: behind the longest name.
  private var left: Double {
    Drawing.margin(rows.prefix(RowChart.mostRows).map(\.name))
  }

  func node(id: String) -> Node {
    let top = limit == nil ? 8.0 : 22.0
    let shown = rows.prefix(RowChart.mostRows)
    let bottom = top + Double(shown.count) * RowChart.step + 4
    var content = axis(top, bottom)
    for (place, row) in shown.enumerated() {
      content += draw(row, y: top + (Double(place) + 0.5) * RowChart.step + 2)
    }
    var legend = series.count < 2 ? [] : series.enumerated().flatMap { Drawing.key($1, series: $0) }
    if rows.count + more > shown.count {
      legend.append(.text("The first \(shown.count) of \(counted(rows.count + more, "row"))."))
    }
    return Drawing(
      id: id, title: title, legend: legend, description: description, width: 420,
      height: bottom + 22, content: content
    ).node
  }

  private func x(_ value: Double) -> Double {
    left + ticks.share(value) * (RowChart.right - left)
  }

  private func axis(_ top: Double, _ bottom: Double) -> [Node] {
    var nodes: [Node] = []
    for (value, text) in zip(ticks.values, ticks.texts) {
      nodes.append(Drawing.line(x(value), top, x(value), bottom, "grid"))
      nodes.append(Drawing.text(text, x: x(value), y: bottom + 15, "mid"))
    }
    if let limit {
      nodes.append(Drawing.line(x(limit.value), top - 4, x(limit.value), bottom, "limit"))
      let isRight = x(limit.value) > (left + RowChart.right) / 2
      nodes.append(
        Drawing.text(
          limit.text, x: x(limit.value) + (isRight ? 3 : -3), y: top - 8,
          "limit-text" + (isRight ? " end" : "")))
    }
    return nodes
  }

  private func draw(_ row: Row, y: Double) -> [Node] {
    let label = Drawing.label(row.name, room: 20)
    var nodes = [
      Drawing.text(label, x: left - 8, y: y + 4, "code end" + (row.isStrong ? " strong" : ""))
    ]
    if let interval = row.interval {
      nodes.append(Drawing.line(x(interval.low), y, x(interval.high), y, "s1"))
      for end in [interval.low, interval.high] {
        nodes.append(Drawing.line(x(end), y - 3, x(end), y + 3, "s1"))
      }
    }
    for (place, value) in row.values.enumerated() {
      // What has no place on an axis of ratios is told in the table alone.
      guard let value, !ticks.isLogarithmic || value > 0 else { continue }
      let name = series.indices.contains(place) ? ", " + series[place] : ""
      let isOut = limit.map { !(value <= $0.value) } ?? false
      let isBeyond = value > (ticks.values.last ?? .infinity) || value.isNaN
      if hasBars {
        nodes.append(
          Drawing.rectangle(
            left, y - 3.5, (isBeyond ? RowChart.right : x(value)) - left, 7, "bar faint"))
      }
      nodes.append(
        Drawing.point(
          isBeyond ? RowChart.right : x(value), y, series: place, isOut: isOut,
          tip: "\(row.name)\(name): \(unit(value))"))
    }
    return nodes
  }
}
