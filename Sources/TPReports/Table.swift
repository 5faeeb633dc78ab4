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
    // Counting characters is what takes the time: once per cell, and only where there are others
    // than those of ASCII.
    let counts = rows.map {
      $0.map { $0.utf8.allSatisfy { $0 < 0x80 } ? $0.utf8.count : $0.count }
    }
    let widths = sides.indices.map { column in
      counts.map { column < $0.count ? $0[column] : 0 }.max() ?? 0
    }
    var text: [UInt8] = []
    for (row, counts) in zip(rows, counts) {
      text.append(UInt8(ascii: " "))
      for (column, cell) in row.enumerated() where column < sides.count {
        let space = repeatElement(UInt8(ascii: " "), count: widths[column] - counts[column])
        text.append(UInt8(ascii: " "))
        if sides[column] == .right { text.append(contentsOf: space) }
        text.append(contentsOf: cell.utf8)
        if sides[column] == .left { text.append(contentsOf: space) }
        text.append(UInt8(ascii: " "))
      }
      while text.last == UInt8(ascii: " ") { text.removeLast() }
      text.append(UInt8(ascii: "\n"))
    }
    return String(decoding: text, as: UTF8.self)
  }
}
