/// Rows that a reader can sort and filter; every number is there with all of its digits.
package struct PageTable: Sendable {
  /// What stands in a column.
  package enum Kind: Sendable { case name, words, number, mark }

  /// What stands in a row of it.
  package enum Cell: Sendable {
    /// A text of ours.
    case text(String)
    /// A name out of a file.
    case name(String)
    /// A number and how it is shown; `nil` where there is none.
    case number(Double?, String)
    /// How something stands, with its word.
    case mark(Mark, String)
    /// Anything else.
    case nodes([Node])
  }

  /// The most rows of a table.
  package static let mostRows = 2000
  /// From how many rows on a table can be filtered.
  private static let fewest = 9

  private let columns: [(title: String, kind: Kind)]
  private let caption: String
  /// Whether a narrow page has the cells of a row below each other: for sentences.
  var isStacked = false
  private var rows: [[Cell]] = []
  private var count = 0

  package init(_ caption: String, _ columns: [(title: String, kind: Kind)]) {
    self.caption = caption
    self.columns = columns
  }

  package var isEmpty: Bool { count == 0 }

  /// Whether another row is still shown; rows beyond are counted.
  package var hasRoom: Bool { rows.count < PageTable.mostRows }

  package mutating func add(_ cells: Cell...) { add(cells) }

  package mutating func add(_ cells: [Cell]) {
    count += 1
    if hasRoom { rows.append(cells) }
  }

  /// Counts rows that nobody has to make, because they would not be shown.
  package mutating func skip(_ rows: Int) { count += rows }

  /// The table in a frame of its own, which scrolls where the page is narrower; without the columns
  /// in which no row has anything.
  ///
  /// - Parameter id: a name that no other element has.
  package func node(id: String) -> Node {
    let isSortable = rows.count > 1
    let kept = columns.indices.filter { place in
      place == 0 || rows.isEmpty || rows.contains { place < $0.count && !$0[place].isBlank }
    }
    return .pieces([
      isSortable && rows.count >= PageTable.fewest ? filter(id) : .pieces([]),
      element(
        .div, .class(isStacked ? "table stacked" : "table sticky"), Attribute("role", "group"),
        Attribute("tabindex", "0"),
        Attribute("aria-labelledby", id + "-caption")
      ) {
        Node.element(
          .table, [.id(id)] + (isSortable ? [Attribute("data-sort", "")] : []),
          [
            captioned(id),
            head(kept, isSortable),
            .element(.tbody, [], rows.map { row($0, kept) }),
          ])
      },
      count > rows.count
        ? paragraph(
          "The first \(grouped(rows.count)) of \(counted(count, "row")); the output of --json has"
            + " all of them.", "soft") : .pieces([]),
    ])
  }

  /// The caption stays where the table is scrolled.
  private func captioned(_ id: String) -> Node {
    element(.caption, .id(id + "-caption")) { element(.span, text: caption) }
  }

  private func filter(_ id: String) -> Node {
    element(
      .div, .class("filter"), Attribute("hidden", "hidden"), Attribute("data-table", id)
    ) {
      element(.label, Attribute("for", id + "-filter"), text: "Rows with")
      element(
        .input, .id(id + "-filter"), Attribute("type", "search"),
        Attribute("autocomplete", "off"), Attribute("spellcheck", "false"))
      element(.output, Attribute("for", id + "-filter"))
    }
  }

  private func head(_ kept: [Int], _ isSortable: Bool) -> Node {
    element(.thead) {
      element(.tr) {
        for column in kept.map({ columns[$0] }) {
          let attributes =
            [Attribute("scope", "col")] + (column.kind == .number ? [.class("num")] : [])
            + (isSortable ? [Attribute("aria-sort", "none")] : [])
          Node.element(.th, attributes, [.text(column.title)])
        }
      }
    }
  }

  private func row(_ cells: [Cell], _ kept: [Int]) -> Node {
    var nodes: [Node] = []
    for place in kept where place < cells.count {
      var (attributes, content) = cells[place].parts
      if columns[place].kind == .words { attributes.append(.class("words")) }
      if place == 0 { attributes.append(Attribute("scope", "row")) }
      nodes.append(.element(place == 0 ? .th : .td, attributes, content))
    }
    return .element(.tr, [], nodes)
  }
}

extension PageTable.Cell {
  fileprivate var parts: ([Attribute], [Node]) {
    switch self {
    case .text(let text): ([], [.text(text)])
    case .name(let name): ([], [named(name)])
    case .number(let value, let text):
      ([.class("num"), Attribute("data-value", value.map { "\($0)" } ?? "")], [.text(text)])
    case .mark(let mark, let word): ([], [mark.node(word)])
    case .nodes(let nodes): ([], nodes)
    }
  }

  /// Whether nothing is there to be read.
  fileprivate var isBlank: Bool {
    switch self {
    case .text(let text), .name(let text): text.isEmpty
    case .number(let value, let text): value == nil && text.isEmpty
    case .mark(_, let word): word.isEmpty
    case .nodes(let nodes): nodes.isEmpty
    }
  }

  /// A number as tables of reports show it.
  static func figured(_ value: Double?, _ digits: Int = 3) -> PageTable.Cell {
    .number(value, value.map { figure($0, digits) } ?? "")
  }

  /// A whole number.
  static func count(_ value: Int?) -> PageTable.Cell {
    .number(value.map { Double($0) }, value.map(grouped) ?? "")
  }

  /// A share between 0 and 1, in per cent.
  static func share(_ value: Double?, decimals: Int = 2) -> PageTable.Cell {
    .number(value, value.map { movedPercent($0, decimals: decimals) } ?? "")
  }
}
