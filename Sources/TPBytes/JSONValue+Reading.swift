extension JSONValue {
  /// Reads one JSON text (RFC 8259), strictly: UTF-8, no trailing bytes, no key twice in an object.
  ///
  /// - Throws: `PortError` with the offset of what is wrong.
  public init(parsing bytes: RawSpan, depth: Int = 200) throws(PortError) {
    var parser = JSONParser(cursor: ByteCursor(bytes), limit: depth)
    self = try parser.document()
  }

  /// Reads one JSON text from a string.
  public init(parsing text: String, depth: Int = 200) throws(PortError) {
    let utf8 = Array(text.utf8)
    try self.init(parsing: utf8.span.bytesView, depth: depth)
  }
}

private struct JSONParser: ~Escapable {
  var cursor: ByteCursor
  let limit: Int

  @_lifetime(copy cursor)
  init(cursor: ByteCursor, limit: Int) {
    self.cursor = cursor
    self.limit = limit
  }

  mutating func document() throws(PortError) -> JSONValue {
    let value = try value(depth: 0)
    space()
    guard cursor.isAtEnd else { throw fault("something follows the JSON value") }
    return value
  }

  private func fault(_ message: String) -> PortError {
    PortError(.malformed, "JSON: " + message, offset: cursor.fileOffset)
  }

  private mutating func space() {
    while let byte = cursor.peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      _ = try? cursor.byte()
    }
  }

  private mutating func value(depth: Int) throws(PortError) -> JSONValue {
    guard depth < limit else {
      throw PortError(
        .limit, "JSON: nested deeper than \(limit) levels", offset: cursor.fileOffset)
    }
    space()
    switch cursor.peek() {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"): return try number()
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
    case nil: throw fault("ends where a value should stand")
    default: throw fault("no value begins here")
    }
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(PortError) -> JSONValue {
    for expected in text.utf8 {
      guard cursor.peek() == expected else { throw fault("`\(text)` is misspelt") }
      _ = try cursor.byte()
    }
    return value
  }

  private mutating func object(depth: Int) throws(PortError) -> JSONValue {
    _ = try cursor.byte()
    var members: [JSONValue.Member] = []
    var seen: Set<String> = []
    space()
    if cursor.peek() == UInt8(ascii: "}") {
      _ = try cursor.byte()
      return .object([])
    }
    while true {
      space()
      guard cursor.peek() == UInt8(ascii: "\"") else { throw fault("a key should stand here") }
      let key = try string()
      guard seen.insert(key).inserted else {
        throw fault("the key \"\(printable(key))\" occurs twice")
      }
      space()
      guard cursor.peek() == UInt8(ascii: ":") else { throw fault("a colon should stand here") }
      _ = try cursor.byte()
      members.append(JSONValue.Member(key, try value(depth: depth + 1)))
      if try end(UInt8(ascii: "}")) { return .object(members) }
    }
  }

  private mutating func array(depth: Int) throws(PortError) -> JSONValue {
    _ = try cursor.byte()
    var elements: [JSONValue] = []
    space()
    if cursor.peek() == UInt8(ascii: "]") {
      _ = try cursor.byte()
      return .array([])
    }
    while true {
      elements.append(try value(depth: depth + 1))
      if try end(UInt8(ascii: "]")) { return .array(elements) }
    }
  }

  /// Passes over a comma (false) or the closing bracket (true).
  private mutating func end(_ close: UInt8) throws(PortError) -> Bool {
    space()
    let byte = cursor.peek()
    guard byte == close || byte == UInt8(ascii: ",") else {
      throw fault("a comma or a closing bracket should stand here")
    }
    _ = try cursor.byte()
    return byte == close
  }

  private mutating func number() throws(PortError) -> JSONValue {
    let start = cursor.fileOffset
    var text: [UInt8] = []
    var integral = true
    while let byte = cursor.peek() {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"):
        integral = false
      default:
        return try number(text, integral: integral, start: start)
      }
      text.append(try cursor.byte())
    }
    return try number(text, integral: integral, start: start)
  }

  private func number(
    _ text: [UInt8], integral: Bool, start: Int
  ) throws(PortError) -> JSONValue {
    let digits = String(decoding: text, as: UTF8.self)
    guard isNumber(text) else {
      throw PortError(
        .malformed, "JSON: \"\(digits.prefix(40))\" is not a number", offset: start)
    }
    if integral, let value = Int(digits) { return .int(value) }
    guard let value = Double(digits), value.isFinite else {
      throw PortError(
        .malformed, "JSON: the number \(digits.prefix(40)) is out of range", offset: start)
    }
    return .double(value)
  }

  /// The grammar of RFC 8259: -? int frac? exp?
  private func isNumber(_ text: [UInt8]) -> Bool {
    var rest = text[...]
    func digits(_ rest: inout ArraySlice<UInt8>) -> Int {
      let count = rest.prefix { (0x30...0x39).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let leadingZero = rest.first == UInt8(ascii: "0")
    let whole = digits(&rest)
    if whole == 0 || (leadingZero && whole > 1) { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      if digits(&rest) == 0 { return false }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
        rest = rest.dropFirst()
      }
      if digits(&rest) == 0 { return false }
    }
    return rest.isEmpty
  }

  private mutating func string() throws(PortError) -> String {
    let start = cursor.fileOffset
    _ = try cursor.byte()
    var text: [UInt8] = []
    while true {
      guard let byte = cursor.peek() else { throw fault("a text is not ended") }
      if byte < 0x20 { throw fault("a control character stands in a text") }
      _ = try cursor.byte()
      if byte == UInt8(ascii: "\"") { break }
      if byte == UInt8(ascii: "\\") {
        text.append(contentsOf: String(try escape()).utf8)
      } else {
        text.append(byte)
      }
    }
    guard let valid = String(validating: text, as: UTF8.self) else {
      throw PortError(.malformed, "JSON: a text is not UTF-8", offset: start)
    }
    try checkMarks(of: valid, offset: start)
    return valid
  }

  private mutating func escape() throws(PortError) -> Unicode.Scalar {
    switch try cursor.byte() {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try hex4()
      if let scalar = Unicode.Scalar(first) { return scalar }
      guard first < 0xDC00, try cursor.byte() == UInt8(ascii: "\\"),
        try cursor.byte() == UInt8(ascii: "u")
      else { throw fault("half of a surrogate pair stands alone") }
      let second = try hex4()
      guard (0xDC00...0xDFFF).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      else { throw fault("half of a surrogate pair stands alone") }
      return scalar
    default: throw fault("an unknown escape")
    }
  }

  private mutating func hex4() throws(PortError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(try cursor.byte())).hexDigitValue else {
        throw fault("four hexadecimal digits should stand here")
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
