internal import TPBytes

/// A drawing with the texts that stand for it where it is not seen.
struct Drawing {
  /// A name that no other element of the page has.
  let id: String
  /// What it shows.
  let title: String
  /// How to read it, shown below the title; may be empty.
  let legend: [Node]
  /// What it says, for those who do not see it.
  let description: String
  /// Its extents in units of which one is a pixel where there is room.
  let width: Double
  let height: Double
  /// Whether it grows with the page.
  var isWide = false
  let content: [Node]

  var node: Node {
    element(.figure) {
      element(.figcaption) {
        title
        if !legend.isEmpty { Node.element(.span, [.class("soft")], legend) }
      }
      element(
        .div, .class("chart"), Attribute("role", "group"), Attribute("tabindex", "0"),
        Attribute("aria-labelledby", id + "-t")
      ) {
        Node.element(
          .svg,
          [
            .id(id), .class(isWide ? "wide" : "drawn"), Attribute("role", "img"),
            Attribute("viewBox", "0 0 \(coordinate(width)) \(coordinate(height))"),
            Attribute("aria-labelledby", "\(id)-t"), Attribute("aria-describedby", "\(id)-d"),
          ],
          [
            element(.title, .id(id + "-t"), text: title),
            element(.desc, .id(id + "-d"), text: description),
          ] + content)
      }
    }
  }

  static func text(
    _ text: String, x: Double, y: Double, _ style: String = ""
  ) -> Node {
    .element(
      .text,
      [Attribute("x", x), Attribute("y", y)] + (style.isEmpty ? [] : [.class(style)]),
      [.text(text)])
  }

  static func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
  ) -> Node {
    .element(
      .line,
      [
        Attribute("x1", x1), Attribute("y1", y1), Attribute("x2", x2), Attribute("y2", y2),
        .class(style),
      ], [])
  }

  static func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String,
    tip: String? = nil
  ) -> Node {
    .element(
      .rect,
      [
        Attribute("x", x), Attribute("y", y), Attribute("width", max(width, 0)),
        Attribute("height", max(height, 0)), .class(style),
      ], tip.map { [element(.title, text: $0)] } ?? [])
  }

  /// The mark of a series: a disc, a ring that is a square, or a diamond.
  static func point(
    _ x: Double, _ y: Double, series: Int, isOut: Bool = false, tip: String, size: Double = 3.5
  ) -> Node {
    let style = "d\(series + 1)" + (isOut ? " out" : "")
    let title = element(.title, text: tip)
    switch series {
    case 0:
      return .element(
        .circle,
        [Attribute("cx", x), Attribute("cy", y), Attribute("r", size), .class(style)], [title])
    case 1:
      return .element(
        .rect,
        [
          Attribute("x", x - size), Attribute("y", y - size), Attribute("width", 2 * size),
          Attribute("height", 2 * size), .class(style),
        ], [title])
    default:
      let (x, y, d) = (x, y, size + 1)
      let path =
        "M\(coordinate(x - d)) \(coordinate(y))L\(coordinate(x)) \(coordinate(y - d))"
        + "L\(coordinate(x + d)) \(coordinate(y))L\(coordinate(x)) \(coordinate(y + d))Z"
      return .element(.path, [Attribute("d", path), .class(style)], [title])
    }
  }

  /// A name for a legend: the sign of the series in front of its name.
  static func key(_ name: String, series: Int, isLine: Bool = false) -> [Node] {
    let sign: Node =
      isLine
      ? line(0, 6, 22, 6, "s\(series + 1)")
      : point(6, 6, series: series, tip: name)
    return [
      element(
        .svg, Attribute("viewBox", isLine ? "0 0 22 12" : "0 0 12 12"),
        Attribute("width", isLine ? "22" : "12"), Attribute("height", "12"),
        Attribute("aria-hidden", "true"), Attribute("focusable", "false")
      ) { sign },
      .text(" \(name)   "),
    ]
  }

  /// The room of the names of rows in front of an axis.
  static func margin(_ names: [String]) -> Double {
    let longest = names.map { min(20, label($0, room: 20).count) }.max() ?? 0
    return 20 + 6.7 * Double(max(longest, 4))
  }

  /// As much of a name as a drawing has room for, without its middle.
  static func label(_ name: String, room: Int) -> String {
    let shown = printable(name, limit: 200)
    return shown.count <= room
      ? shown : String(shown.prefix(room / 2)) + "…" + String(shown.suffix(room - room / 2 - 1))
  }
}
