import TPBytes
import Testing

/// Swift sorts the marks of a character to compare it, which takes minutes for 100,000 of them.
@Suite struct TextMarksTests {
  private let pair = "\u{301}\u{323}"

  @Test func moreThan128InARow() {
    #expect(!hasTooManyMarks(""))
    #expect(!hasTooManyMarks("e" + String(repeating: pair, count: 64)))
    #expect(hasTooManyMarks("e" + String(repeating: pair, count: 64) + "\u{301}"))
    #expect(hasTooManyMarks(String(repeating: pair, count: 64) + "\u{301}e"))
    #expect(hasTooManyMarks("e" + String(repeating: pair, count: 500_000)))
    // Long runs of what is no mark, and many letters with a few each.
    #expect(!hasTooManyMarks(String(repeating: "\u{1F468}\u{200D}", count: 100_000)))
    #expect(!hasTooManyMarks(String(repeating: "e" + pair + pair, count: 100_000)))
    #expect(!hasTooManyMarks(String(repeating: "\u{AC01}", count: 100_000)))
    #expect(!hasTooManyMarks(String(repeating: "a", count: 1_000_000)))
  }

  @Test func inJSON() throws {
    let name = "\"e" + String(repeating: pair, count: 300) + "\""
    let error = #expect(throws: PortError.self) { try JSONValue(parsing: "{\(name):1}") }
    #expect(error?.kind == .limit)
    #expect(error?.message == "a text has more than 128 combining marks in a row")
    #expect(error?.offset == 1)
    let written = "\"e" + String(repeating: "\\u0301", count: 200) + "\""
    #expect(throws: PortError.self) { try JSONValue(parsing: written) }
    #expect(try JSONValue(parsing: "\"e\u{301}\"").string == "e\u{301}")
  }
}
