extension JSONValue {
  /// How a value is laid out.
  public enum Style: Sendable {
    /// No white space at all.
    case compact
    /// Two spaces a level, a member a line; lists of plain numbers and texts stay on one line. What
    /// controls a terminal or reorders a line is escaped, because somebody may look at it.
    case indented
  }

  /// The value as JSON text (RFC 8259), in UTF-8, the same text for the same value.
  ///
  /// Numbers have the fewest digits that give the same `Double` back.
  public func text(_ style: Style = .compact) -> String {
    var writer = JSONWriter(style: style, sink: nil)
    writer.write(self, level: 0)
    return String(decoding: writer.output, as: UTF8.self)
  }

  /// Hands the same text over in pieces, so that hundreds of megabytes are never in memory at once.
  public func write(_ style: Style = .compact, to sink: @escaping ([UInt8]) -> Void) {
    var writer = JSONWriter(style: style, sink: sink)
    writer.write(self, level: 0)
    sink(writer.output)
  }
}

private struct JSONWriter {
  let style: JSONValue.Style
  let sink: (([UInt8]) -> Void)?
  var output: [UInt8] = []

  mutating func write(_ value: JSONValue, level: Int) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .int(let value): append(String(value))
    case .double(let value):
      if value.isFinite {
        append(value == value.rounded() && abs(value) < 1e15 ? integral(value) : "\(value)")
      } else {
        quote(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
      }
    case .string(let text): quote(text)
    case .array(let elements):
      let breaks = style == .indented && elements.contains(where: \.isContainer)
      list("[", "]", elements, breaks: breaks, level: level) { writer, element in
        writer.write(element, level: level + 1)
      }
    case .object(let members):
      list("{", "}", members, breaks: style == .indented, level: level) { writer, member in
        writer.quote(member.key)
        writer.append(writer.style == .indented ? ": " : ":")
        writer.write(member.value, level: level + 1)
      }
    }
  }

  private func integral(_ value: Double) -> String {
    value.sign == .minus && value == 0 ? "-0.0" : "\(Int(value)).0"
  }

  private mutating func list<Item>(
    _ open: String, _ close: String, _ items: [Item], breaks: Bool, level: Int,
    body: (inout JSONWriter, Item) -> Void
  ) {
    append(open)
    for (position, item) in items.enumerated() {
      if output.count > 1 << 16, let sink {
        sink(output)
        output.removeAll(keepingCapacity: true)
      }
      if position > 0 { append(breaks || style == .compact ? "," : ", ") }
      if breaks { newline(level + 1) }
      body(&self, item)
    }
    if breaks, !items.isEmpty { newline(level) }
    append(close)
  }

  private mutating func newline(_ level: Int) {
    output.append(0x0A)
    output.append(contentsOf: repeatElement(0x20, count: 2 * level))
  }

  private mutating func append(_ text: String) {
    output.append(contentsOf: text.utf8)
  }

  private mutating func quote(_ text: String) {
    output.append(0x22)
    // C1 controls begin with C2, marks of direction with E2 or D8.
    if style == .indented, text.utf8.contains(where: { [0xC2, 0xD8, 0xE2].contains($0) }) {
      for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x80...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
          let units = [UInt8(scalar.value >> 8), UInt8(scalar.value & 0xFF)]
          append("\\u" + hexadecimal(units))
        default: quote(bytes: String(scalar).utf8)
        }
      }
    } else {
      quote(bytes: text.utf8)
    }
    output.append(0x22)
  }

  private mutating func quote(bytes: some Sequence<UInt8>) {
    for byte in bytes {
      switch byte {
      case 0x22: append("\\\"")
      case 0x5C: append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20, 0x7F: append("\\u00" + hexadecimal(CollectionOfOne(byte)))
      default: output.append(byte)
      }
    }
  }
}

extension JSONValue {
  fileprivate var isContainer: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }
}
