/// Values over a common axis as lines, each with a dash and a mark of its own.
struct LineChart {
  /// A line.
  struct Series {
    var name: String
    /// In the order of x; what is not finite interrupts the line.
    var points: [(x: Double, y: Double)]
  }

  /// The most points of one line.
  static let mostPoints = 2000
  private static let left = 52.0
  private static let right = 398.0
  private static let top = 12.0
  private static let bottom = 196.0

  var title: String
  var description: String
  var across: String
  var series: [Series]
  var ticksX: Ticks
  var ticksY: Ticks
  /// Whether a value holds until the next, as a learning rate does.
  var isStepped = false
  /// Whether the marks are drawn, or only the line.
  var hasMarks = true
  /// A place that is pointed out, with its text.
  var marked: (x: Double, y: Double, text: String)?
  /// A straight line that is no data, such as what would be perfect.
  var guide: (from: (x: Double, y: Double), to: (x: Double, y: Double))?
  /// The area of each mark of the first series; 1 where it is empty.
  var weights: [Double] = []

  func node(id: String) -> Node {
    var content = axes
    if let guide {
      content.append(
        Drawing.line(
          x(guide.from.x), y(guide.from.y), x(guide.to.x), y(guide.to.y), "s3"))
    }
    for (place, line) in series.enumerated() { content += draw(line, place) }
    if let marked {
      let isRight = x(marked.x) > (LineChart.left + LineChart.right) / 2
      let isLow = y(marked.y) < LineChart.top + 18
      content.append(
        Drawing.line(x(marked.x), LineChart.top, x(marked.x), LineChart.bottom, "axis"))
      content.append(
        Drawing.text(
          marked.text, x: x(marked.x) + (isRight ? -5 : 5),
          y: isLow ? LineChart.bottom - 8 : LineChart.top + 10, "strong" + (isRight ? " end" : "")))
    }
    let legend =
      series.count < 2
      ? [] : series.enumerated().flatMap { Drawing.key($1.name, series: $0, isLine: true) }
    return Drawing(
      id: id, title: title, legend: legend, description: description, width: 420, height: 234,
      content: content
    ).node
  }

  private func x(_ value: Double) -> Double {
    LineChart.left + ticksX.share(value) * (LineChart.right - LineChart.left)
  }

  private func y(_ value: Double) -> Double {
    LineChart.bottom - ticksY.share(value) * (LineChart.bottom - LineChart.top)
  }

  private var axes: [Node] {
    var nodes: [Node] = []
    for (value, text) in zip(ticksY.values, ticksY.texts) {
      nodes.append(Drawing.line(LineChart.left, y(value), LineChart.right, y(value), "grid"))
      nodes.append(Drawing.text(text, x: LineChart.left - 6, y: y(value) + 4, "end"))
    }
    for (value, text) in zip(ticksX.values, ticksX.texts) {
      nodes.append(
        Drawing.line(x(value), LineChart.bottom, x(value), LineChart.bottom + 4, "axis"))
      nodes.append(Drawing.text(text, x: x(value), y: LineChart.bottom + 17, "mid"))
    }
    nodes.append(
      Drawing.line(LineChart.left, LineChart.bottom, LineChart.right, LineChart.bottom, "axis"))
    nodes.append(
      Drawing.text(
        across, x: (LineChart.left + LineChart.right) / 2, y: LineChart.bottom + 34, "mid"))
    return nodes
  }

  private func draw(_ line: Series, _ place: Int) -> [Node] {
    var nodes: [Node] = []
    var path = ""
    var last: (x: Double, y: Double)?
    for point in line.points.prefix(LineChart.mostPoints) {
      guard point.x.isFinite, point.y.isFinite else {
        last = nil
        continue
      }
      let (px, py) = (x(point.x), y(point.y))
      if let last, isStepped { path += "L\(coordinate(px)) \(coordinate(last.y))" }
      path += "\(last == nil ? "M" : "L")\(coordinate(px)) \(coordinate(py))"
      last = (px, py)
    }
    let isLine = weights.isEmpty
    if isLine, !path.isEmpty {
      nodes.append(.element(.path, [Attribute("d", path), .class("s\(place + 1)")], []))
    }
    guard hasMarks, line.points.count <= 60 else { return nodes }
    for (index, point) in line.points.enumerated() where point.x.isFinite && point.y.isFinite {
      let size =
        weights.indices.contains(index) ? 2.5 + 6 * weights[index].squareRoot() : 2.8
      let tip = "\(line.name), \(across) \(significant(point.x, 4)): \(significant(point.y, 4))"
      nodes.append(
        Drawing.point(x(point.x), y(point.y), series: place, tip: tip, size: size))
    }
    return nodes
  }
}
