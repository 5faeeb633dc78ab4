#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// Distances in units in the last place, one small drawing for each tensor and one scale for all.
struct SmallHistograms {
  /// The most drawings.
  static let most = 8
  private static let left = 34.0
  private static let right = 274.0
  private static let top = 8.0
  private static let bottom = 96.0

  private let list: [(name: String, bins: [Int])]
  /// How many bins all have; at least so many that a bar is no block.
  private let count: Int
  private let ticks: Ticks

  init(_ list: [(name: String, bins: [Int])]) {
    self.list = list
    count = max(8, list.map(\.bins.count).max() ?? 0)
    let shares = list.map { entry in
      Double(entry.bins.max() ?? 0) / Double(max(entry.bins.reduce(0, +), 1))
    }
    ticks = Ticks(linear: 0, 100 * (shares.max() ?? 1), count: 4)
  }

  /// The least and the greatest distance of a bin: 0, 1, 2 to 3, 4 to 7, ...
  static func bounds(_ bin: Int) -> (low: Double, high: Double) {
    bin == 0 ? (0, 0) : (ldexp(1, Int32(bin) - 1), ldexp(1, Int32(bin)) - 1)
  }

  /// Powers of two as they are said.
  private static func text(_ bin: Int) -> String {
    if bin < 5 { return bin == 0 ? "0" : "\(1 << (bin - 1))" }
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "2" + String(String(bin - 1).compactMap(\.wholeNumberValue).map { digits[$0] })
  }

  func node(_ place: Int, id: String) -> Node {
    let entry = list[place]
    let sum = Double(max(entry.bins.reduce(0, +), 1))
    let width = (SmallHistograms.right - SmallHistograms.left) / Double(count)
    let (top, bottom) = (SmallHistograms.top, SmallHistograms.bottom)
    var content: [Node] = []
    for (value, text) in zip(ticks.values, ticks.texts) {
      let y = bottom - ticks.share(value) * (bottom - top)
      content.append(
        Drawing.line(SmallHistograms.left, y, SmallHistograms.right, y, "grid"))
      content.append(Drawing.text(text, x: SmallHistograms.left - 5, y: y + 4, "end"))
    }
    for (bin, number) in entry.bins.enumerated() where number > 0 {
      let share = 100 * Double(number) / sum
      let height = ticks.share(share) * (bottom - top)
      let (low, high) = SmallHistograms.bounds(bin)
      let range =
        low == high ? significant(low, 7) : "\(significant(low, 7)) to \(significant(high, 7))"
      content.append(
        Drawing.rectangle(
          SmallHistograms.left + Double(bin) * width + 0.5, bottom - height, max(width - 1, 1),
          height, bin == 0 ? "bar pale" : "bar",
          tip: "\(range) apart: \(grouped(number)), \(percent(share / 100))"))
    }
    content.append(
      Drawing.line(SmallHistograms.left, bottom, SmallHistograms.right, bottom, "axis"))
    let every = max(1, Int((28 / width).rounded(.up)))
    for bin in stride(from: 0, to: count, by: every) {
      content.append(
        Drawing.text(
          SmallHistograms.text(bin), x: SmallHistograms.left + (Double(bin) + 0.5) * width,
          y: bottom + 15, "mid"))
    }
    let most = entry.bins.indices.max { (entry.bins[$0], $1) < (entry.bins[$1], $0) } ?? 0
    let (low, high) = SmallHistograms.bounds(most)
    return Drawing(
      id: id, title: Drawing.label(entry.name, room: 32), legend: [],
      description: "Share of the elements in per cent by distance in units in the last place; most,"
        + " \(percent(Double(entry.bins[most]) / sum)), are \(significant(low, 7)) to"
        + " \(significant(high, 7)) apart.",
      width: SmallHistograms.right + 8, height: bottom + 22, content: content
    ).node
  }
}
