internal import TPBytes

/// Rows of texts in columns, for a terminal: no lines, two spaces between columns.
struct Table {
  /// Which side of a column its texts stand on.
  enum Side { case left, right }

  private let sides: [Side]
  private var rows: [[String]]

  init(_ columns: [(title: String, side: Side)]) {
    sides = columns.map(\.side)
    rows = [columns.map(\.title)]
  }

  /// Adds a row; names from files come through `printable` before they get here.
  mutating func add(_ cells: String...) {
    add(cells)
  }

  /// Adds a row.
  mutating func add(_ cells: [String]) {
    rows.append(cells)
  }

  var isEmpty: Bool { rows.count == 1 }

  /// The lines, each indented by two spaces, without trailing spaces.
  var text: String {
    let widths = sides.indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = " "
      for (column, cell) in row.enumerated() where column < sides.count {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        line += " " + (sides[column] == .left ? cell + space : space + cell) + " "
      }
      return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }.joined()
  }
}
