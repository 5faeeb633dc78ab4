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
    // Counting characters is what takes the time: once per cell.
    let counts = rows.map { $0.map(\.count) }
    let widths = sides.indices.map { column in
      counts.map { column < $0.count ? $0[column] : 0 }.max() ?? 0
    }
    return zip(rows, counts).map { row, counts in
      var line = " "
      for (column, cell) in row.enumerated() where column < sides.count {
        let space = String(repeating: " ", count: widths[column] - counts[column])
        line += " " + (sides[column] == .left ? cell + space : space + cell) + " "
      }
      while line.utf8.last == UInt8(ascii: " ") { line.unicodeScalars.removeLast() }
      return line + "\n"
    }.joined()
  }
}
