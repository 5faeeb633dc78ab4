/// Counts of values in neighbouring bins as bars.
struct Histogram {
  private static let left = 56.0
  private static let right = 410.0
  private static let top = 10.0
  private static let bottom = 150.0

  var title: String
  var description: String
  var across: String
  /// The text of each bin, and its count.
  var bins: [(name: String, count: Int)]

  func node(id: String) -> Node {
    let most = Double(bins.map(\.count).max() ?? 0)
    let ticks = Ticks(linear: 0, max(most, 1), count: 4)
    func y(_ value: Double) -> Double {
      Histogram.bottom - ticks.share(value) * (Histogram.bottom - Histogram.top)
    }
    var content: [Node] = []
    for value in ticks.values {
      content.append(Drawing.line(Histogram.left, y(value), Histogram.right, y(value), "grid"))
      content.append(
        Drawing.text(
          value.rounded() == value && value < 1e7 ? grouped(Int(value)) : significant(value),
          x: Histogram.left - 6, y: y(value) + 4, "end"))
    }
    let width = (Histogram.right - Histogram.left) / Double(max(bins.count, 1))
    let every = max(1, Int((34 / width).rounded(.up)))
    for (place, bin) in bins.enumerated() {
      let x = Histogram.left + Double(place) * width
      content.append(
        Drawing.rectangle(
          x + 1, y(Double(bin.count)), width - 2, Histogram.bottom - y(Double(bin.count)), "bar",
          tip: "\(bin.name): \(grouped(bin.count))"))
      if place % every == 0 {
        content.append(
          Drawing.text(bin.name, x: x + width / 2, y: Histogram.bottom + 16, "mid"))
      }
    }
    content.append(
      Drawing.line(
        Histogram.left, Histogram.bottom, Histogram.right, Histogram.bottom, "axis"))
    content.append(
      Drawing.text(
        across, x: (Histogram.left + Histogram.right) / 2, y: Histogram.bottom + 33, "mid"))
    return Drawing(
      id: id, title: title, legend: [], description: description, width: 420,
      height: Histogram.bottom + 40, content: content
    ).node
  }
}
