package import TPBytes

// The format (RFC 4180): records end with CRLF, here with LF alone too; fields are separated by commas;
// a field may stand in double quotes, and then hold commas, line ends and quotes, each quote doubled.

/// The records of a file of comma-separated values, in UTF-8.
package struct CommaSeparatedRows {
  /// A record and the number of the line that it begins on, from 1.
  package struct Row: Hashable {
    package var fields: [String]
    package var line: Int
  }

  /// The records; lines without any character are passed over.
  package let rows: [Row]

  /// Fields for each record that there may be, all records together: an empty one is a byte in the file
  /// and sixteen in memory.
  private static let mostFields = 8

  /// Takes a file apart.
  ///
  /// - Parameter most: the most records; they may have eight times as many fields together.
  /// - Throws: `PortError` of kind `malformed` with the line, or `limit`.
  package init(_ bytes: [UInt8], most: Int) throws(PortError) {
    var bytes = bytes[...]
    // A byte order mark says what is known.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    let (product, overflow) = most.multipliedReportingOverflow(by: Self.mostFields)
    var reader = Reader(bytes: bytes, mostFields: overflow ? .max : product)
    var rows: [Row] = []
    while let row = try reader.next() {
      guard rows.count < most else {
        throw PortError(
          .limit, "line \(row.line): more than \(most) records stand in the file",
          remedy: "split it")
      }
      rows.append(row)
    }
    self.rows = rows
  }

  private struct Reader {
    let bytes: ArraySlice<UInt8>
    let mostFields: Int
    var place: Int
    var line = 1
    private var fieldCount = 0

    init(bytes: ArraySlice<UInt8>, mostFields: Int) {
      self.bytes = bytes
      self.mostFields = mostFields
      place = bytes.startIndex
    }

    private var byte: UInt8? { place < bytes.endIndex ? bytes[place] : nil }

    /// The next record that is not an empty line; `nil` at the end.
    mutating func next() throws(PortError) -> Row? {
      while skipLineEnd() {}
      guard byte != nil else { return nil }
      let begin = line
      var fields: [String] = []
      while true {
        guard fieldCount < mostFields else {
          throw PortError(
            .limit, "line \(begin): more than \(mostFields) fields stand in the file",
            remedy: "leave out the columns that are not needed, or split it")
        }
        fieldCount += 1
        fields.append(try field())
        if byte == UInt8(ascii: ",") {
          place += 1
          continue
        }
        _ = skipLineEnd()
        return Row(fields: fields, line: begin)
      }
    }

    private mutating func skipLineEnd() -> Bool {
      var next = place
      if next < bytes.endIndex, bytes[next] == UInt8(ascii: "\r") { next += 1 }
      guard next < bytes.endIndex, bytes[next] == UInt8(ascii: "\n") else { return false }
      place = next + 1
      line += 1
      return true
    }

    private var isAtLineEnd: Bool {
      byte == UInt8(ascii: "\n")
        || byte == UInt8(ascii: "\r") && place + 1 < bytes.endIndex
          && bytes[place + 1] == UInt8(ascii: "\n")
    }

    private mutating func field() throws(PortError) -> String {
      if byte == UInt8(ascii: "\"") { return try quotedField() }
      let begin = place
      while let byte, byte != UInt8(ascii: ","), !isAtLineEnd {
        guard byte != UInt8(ascii: "\"") else {
          throw malformed(
            line, "a quote stands inside of a field that does not begin with one",
            "put the whole field in quotes and double those inside")
        }
        place += 1
      }
      return try text(Array(bytes[begin..<place]), line)
    }

    private mutating func quotedField() throws(PortError) -> String {
      let begin = line
      place += 1
      var content: [UInt8] = []
      while let byte {
        place += 1
        if byte == UInt8(ascii: "\n") { line += 1 }
        guard byte == UInt8(ascii: "\"") else {
          content.append(byte)
          continue
        }
        if self.byte == UInt8(ascii: "\"") {
          content.append(byte)
          place += 1
          continue
        }
        guard self.byte == nil || self.byte == UInt8(ascii: ",") || isAtLineEnd else {
          throw malformed(
            line, "a field goes on after its closing quote",
            "double the quotes inside of a quoted field")
        }
        return try text(content, begin)
      }
      throw malformed(begin, "a quoted field does not end", "close the quotes")
    }

    private func text(_ content: [UInt8], _ line: Int) throws(PortError) -> String {
      guard !content.contains(0), let text = String(validating: content, as: UTF8.self) else {
        throw malformed(line, "is not text in UTF-8", "save the manifest as UTF-8")
      }
      do throws(PortError) {
        try checkMarks(of: text)
      } catch {
        throw error.preceded(by: "line \(line): ")
      }
      return text
    }

    private func malformed(_ line: Int, _ what: String, _ remedy: String) -> PortError {
      PortError(.malformed, "line \(line): \(what)", remedy: remedy)
    }
  }
}
