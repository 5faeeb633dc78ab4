import TPBytes
import Testing

@Suite struct JSONValueTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-1", "[1,2,[]]", "{}", "{\"a\":{\"b\":[null]}}",
    "\"\\\"\\\\\\n\"",
    "0.1", "1e-05", "9223372036854775807", "\"\u{e9}\u{1F600}\"",
  ])
  func readsAndWritesTheSameText(text: String) throws {
    #expect(try JSONValue(parsing: text).text() == text)
  }

  @Test func readsEscapes() throws {
    #expect(try JSONValue(parsing: #""\u00e9\ud83d\ude00\/\b\f""#) == "\u{e9}\u{1F600}/\u{8}\u{C}")
  }

  @Test(arguments: [
    "", " ", "nul", "[1,]", "[1 2]", "{\"a\":1,\"a\":2}", "{a:1}", "01", "1.", ".5", "1e", "--1",
    "1 2",
    "\"\u{1}\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00x\"", "\"ab", "1e999", "[", "{\"a\"", "+1",
  ])
  func refuses(text: String) {
    #expect(throws: PortError.self) { try JSONValue(parsing: text) }
  }

  @Test func refusesBytesThatAreNotUTF8() {
    let bytes: [UInt8] = [0x22, 0xFF, 0x22]
    #expect(throws: PortError(.malformed, "JSON: a text is not UTF-8", offset: 0)) {
      try JSONValue(parsing: bytes.span.bytesView)
    }
  }

  /// What is laid out may be looked at on a terminal: nothing in it controls one, and it reads the same.
  @Test func controlsNoTerminal() throws {
    let text =
      "\u{9b}31m\u{80}\u{9f}\u{7f}\u{1b}[2J\u{202e}\u{2066}\u{200f}\u{61c}\u{2028} \u{e9}\u{a0}\u{2713}"
    let value: JSONValue = ["\u{9b}": .string(text)]
    let shown = value.text(.indented)
    #expect(
      shown.contains(
        #""\u009b31m\u0080\u009f\u007f\u001b[2J\u202e\u2066\u200f\u061c\u2028 "#
          + "\u{e9}\u{a0}\u{2713}\""))
    #expect(shown.contains(#""\u009b": "#))
    #expect(try JSONValue(parsing: shown) == value)
    #expect(try JSONValue(parsing: value.text()) == value)
  }

  @Test func nestingIsBounded() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: PortError(.limit, "JSON: nested deeper than 200 levels", offset: 200)) {
      try JSONValue(parsing: text)
    }
  }

  @Test func writesNonFiniteNumbersAsTexts() {
    let value: JSONValue = [.double(.nan), .double(.infinity), .double(-.infinity), 1.0, -0.0]
    #expect(value.text() == #"["NaN","Infinity","-Infinity",1.0,-0.0]"#)
  }

  @Test func indentsObjectsAndKeepsPlainListsOnALine() {
    let value: JSONValue = ["shape": [2, 3], "list": [["a": 1]]]
    #expect(
      value.text(.indented) == """
        {
          "shape": [2, 3],
          "list": [
            {
              "a": 1
            }
          ]
        }
        """)
  }
}
