/// A piece of a page.
///
/// Markup is made of cases and constants alone: whatever is a `String` is written as text, so nothing
/// that comes from a file can become an element, an attribute, a script or a control character.
package indirect enum Node: Sendable {
  /// A text, escaped where it is written.
  case text(String)
  /// An element with its attributes and what is in it.
  case element(Tag, [Attribute], [Node])
  /// An element of ours whose content is a constant of the program, written as it is.
  case constant(Tag, StaticString)
  /// Several pieces, one after the other.
  case pieces([Node])
}

/// The elements that the pages use.
package enum Tag: String, Sendable {
  case a, bdi, body, caption, code, dd, details, div, dl, dt, figcaption, figure, footer, h1, h2
  case head, header, html, input, label, li, main, meta, nav, output, p, script, section
  case small, span, strong, style, summary, table, tbody, td, th, thead, title, tr, ul
  case svg, circle, desc, line, path, rect, text

  /// Whether it has no content and no end tag.
  var isVoid: Bool {
    switch self {
    case .input, .meta: true
    default: false
    }
  }

  /// Whether it begins a new line, so that a page can be read as text too.
  var isBlock: Bool {
    switch self {
    case .a, .bdi, .code, .span, .strong, .small, .text, .label, .output, .td, .th: false
    default: true
    }
  }
}

/// An attribute: its name is a constant of the program, its value is escaped where it is written.
package struct Attribute: Sendable {
  let name: StaticString
  let value: String

  package init(_ name: StaticString, _ value: String) {
    self.name = name
    self.value = value
  }

  /// A number of SVG's user units.
  package init(_ name: StaticString, _ value: Double) {
    self.init(name, coordinate(value))
  }

  static func `class`(_ names: String) -> Attribute { Attribute("class", names) }
  static func id(_ name: String) -> Attribute { Attribute("id", name) }
}

/// A number with at most one decimal, for a place in a drawing.
func coordinate(_ value: Double) -> String {
  let text = fixed(value, 1)
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// Puts the pieces of an element together.
@resultBuilder
package enum Pieces {
  package static func buildExpression(_ node: Node) -> [Node] { [node] }
  package static func buildExpression(_ nodes: [Node]) -> [Node] { nodes }
  package static func buildExpression(_ text: String) -> [Node] { [.text(text)] }
  package static func buildBlock(_ parts: [Node]...) -> [Node] { parts.flatMap { $0 } }
  package static func buildOptional(_ part: [Node]?) -> [Node] { part ?? [] }
  package static func buildEither(first: [Node]) -> [Node] { first }
  package static func buildEither(second: [Node]) -> [Node] { second }
  package static func buildArray(_ parts: [[Node]]) -> [Node] { parts.flatMap { $0 } }
}

/// An element.
package func element(
  _ tag: Tag, _ attributes: Attribute..., @Pieces content: () -> [Node] = { [] }
) -> Node {
  .element(tag, attributes, content())
}

/// An element with one text.
package func element(_ tag: Tag, _ attributes: Attribute..., text: String) -> Node {
  .element(tag, attributes, [.text(text)])
}
