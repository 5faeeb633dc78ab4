internal import TPBytes

/// Rows of RFC 4180, lines ended by CR LF.
///
/// Texts from files: control characters, bidirectional overrides and line breaks are written as
/// `\u{..}`, as in every report of ours. A text that begins with `=`, `+`, `-` or `@` gets an apostrophe
/// in front, because spreadsheets would compute it; numbers do not.
struct CommaSeparatedText {
  /// A cell.
  enum Cell {
    case text(String)
    case number(Double?)
    case integer(Int?)
  }

  private(set) var text: String

  init(columns: [String]) {
    text = columns.joined(separator: ",") + "\r\n"
  }

  mutating func add(_ cells: [Cell]) {
    text += cells.map(CommaSeparatedText.field).joined(separator: ",") + "\r\n"
  }

  static func field(_ cell: Cell) -> String {
    switch cell {
    case .integer(let value): return value.map { "\($0)" } ?? ""
    case .number(nil): return ""
    case .number(let value?):
      if value.isNaN { return "NaN" }
      if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
      return "\(value)"
    case .text(let raw):
      var text = printable(raw, limit: 1000)
      if let first = text.unicodeScalars.first, "=+-@".unicodeScalars.contains(first) {
        text = "'" + text
      }
      guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") })
      else { return text }
      // Doubling by scalars: a quote can be followed by a combining mark.
      var quoted = "\""
      for scalar in text.unicodeScalars {
        if scalar == "\"" { quoted += "\"" }
        quoted.unicodeScalars.append(scalar)
      }
      return quoted + "\""
    }
  }
}
