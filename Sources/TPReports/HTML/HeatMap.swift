#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// A value for each pair of a row and a column, as one of nine steps from faint to strong.
package struct HeatMap {
  /// The most rows and columns that are drawn.
  static let mostRows = 80
  static let mostColumns = 200
  static let steps = 9

  var title: String
  var description: String
  /// What the columns are.
  var across: String
  var rows: [String]
  var columns: [String]
  /// Rows of columns; `nil` where there is no value.
  var values: [[Double?]]
  /// How many rows and columns there are that are not even given.
  var more = (rows: 0, columns: 0)
  /// How a value is said.
  var unit: (Double) -> String = { significant($0) }

  /// The step of a value from 0 to 8: equal ratios between the bounds.
  package static func step(_ value: Double, low: Double, high: Double) -> Int {
    guard value > low, high > low, low > 0 else { return value > low ? steps - 1 : 0 }
    if value >= high { return steps - 1 }
    // A quotient may be too large for a number where its logarithm is not.
    let span = log(high) - log(low)
    let share =
      span > 1 ? (log(value) - log(low)) / span : log(value / low) / log(high / low)
    return min(steps - 1, Int(share * Double(steps)))
  }

  /// The smallest and the largest finite value above 0.
  var bounds: (low: Double, high: Double)? {
    var found: (low: Double, high: Double)?
    for value in values.joined() {
      guard let value, value > 0, value.isFinite else { continue }
      found = (min(found?.low ?? value, value), max(found?.high ?? value, value))
    }
    return found
  }

  private var left: Double { Drawing.margin(rows) }

  func node(id: String) -> Node {
    // Once: every field needs them, and they are found among all fields.
    let (left, bounds) = (self.left, self.bounds)
    let shownRows = min(rows.count, HeatMap.mostRows)
    let shownColumns = min(columns.count, HeatMap.mostColumns)
    let width = max(8, min(34, 560 / Double(max(shownColumns, 1))))
    let right = left + width * Double(shownColumns)
    var content: [Node] = []
    for row in 0..<shownRows {
      let y = 4 + Double(row) * 17
      content.append(
        Drawing.text(
          Drawing.label(rows[row], room: 20), x: left - 8, y: y + 12, "code end"))
      for column in 0..<shownColumns {
        content.append(
          cell(row, column, bounds, x: left + width * Double(column), y: y, width: width))
      }
    }
    let bottom = 4 + Double(shownRows) * 17
    let every = max(1, Int((32 / width).rounded(.up)))
    for column in stride(from: 0, to: shownColumns, by: every) {
      content.append(
        Drawing.text(
          columns[column], x: left + width * (Double(column) + 0.5), y: bottom + 15,
          "mid"))
    }
    content.append(
      Drawing.text(across, x: (left + right) / 2, y: bottom + 32, "mid"))
    if let bounds { content += legend(bounds, x: left, y: bottom + 44) }
    var notes: [Node] = []
    let (allRows, allColumns) = (rows.count + more.rows, columns.count + more.columns)
    if allRows > shownRows || allColumns > shownColumns {
      notes.append(
        .text(
          "The first \(shownRows) of \(counted(allRows, "row")) and \(shownColumns) of"
            + " \(counted(allColumns, "column"))."))
    }
    return Drawing(
      id: id, title: title, legend: notes, description: description,
      width: max(right, 420) + 12, height: bottom + 80, isWide: right > 600, content: content
    ).node
  }

  private func cell(
    _ row: Int, _ column: Int, _ bounds: (low: Double, high: Double)?, x: Double, y: Double,
    width: Double
  ) -> Node {
    let value =
      values.indices.contains(row) && values[row].indices.contains(column)
      ? values[row][column] : nil
    let place = "\(rows[row]), \(across) \(columns[column])"
    guard let value, let bounds else {
      return Drawing.rectangle(
        x + 2, y + 2, width - 5, 12, "hollow", tip: "\(place): nothing to compare")
    }
    let step = HeatMap.step(value, low: bounds.low, high: bounds.high)
    return Drawing.rectangle(
      x, y, width - 1, 16, "h\(step)", tip: "\(place): \(unit(value))")
  }

  private func legend(
    _ bounds: (low: Double, high: Double), x left: Double, y: Double
  ) -> [Node] {
    var nodes: [Node] = []
    for step in 0..<HeatMap.steps {
      nodes.append(
        Drawing.rectangle(left + Double(step) * 24, y, 24, 12, "h\(step)"))
    }
    nodes.append(Drawing.text(unit(bounds.low), x: left, y: y + 27))
    nodes.append(
      Drawing.text(unit(bounds.high), x: left + 24 * Double(HeatMap.steps), y: y + 27, "end"))
    nodes.append(
      Drawing.text("log scale", x: left + 12 * Double(HeatMap.steps), y: y + 27, "mid"))
    return nodes
  }
}
