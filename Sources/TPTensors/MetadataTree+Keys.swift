internal import TPBytes

extension MetadataTree {
  /// A key as the component of a path, and any value as a short text: a text is itself, anything else
  /// reads as in Python.
  ///
  /// Anything but a text is cut at about 1000 characters, and tuples at a depth of 4.
  public func pathComponent(_ handle: Handle) -> String {
    if case .string(let text) = self[handle] { return text }
    return representation(handle, depth: 0)
  }

  private func representation(_ handle: Handle, depth: Int) -> String {
    switch self[handle] {
    case .none: return "None"
    case .bool(let value): return value ? "True" : "False"
    case .int(let value): return String(value)
    case .bigInt(let digits): return String(digits.prefix(1000))
    case .float(let value):
      return value.isNaN ? "nan" : value.isInfinite ? (value < 0 ? "-inf" : "inf") : "\(value)"
    case .string(let text): return "'" + printable(text) + "'"
    case .brokenString(let units): return escaped(units.prefix(1000))
    case .bytes(let bytes):
      return "b'" + bytes.prefix(250).map { byteText($0) }.joined() + "'"
    case .tuple(let elements):
      return "(" + list(elements, depth) + (elements.count == 1 ? ",)" : ")")
    case .set(let elements): return "{" + list(elements, depth) + "}"
    case .list(let elements): return "[" + list(elements, depth) + "]"
    case .dict(let entries): return "{\(entries.count) keys}"
    case .tensor: return "<tensor>"
    case .global(let name): return printable(name)
    case .object(let className, _, _, _, _): return "<" + printable(className) + ">"
    }
  }

  private func list(_ elements: [Handle], _ depth: Int) -> String {
    guard depth < 4 else { return "…" }
    var text = ""
    for element in elements {
      if !text.isEmpty { text += ", " }
      guard text.utf8.count < 1000 else { return text + "…" }
      text += representation(element, depth: depth + 1)
    }
    return text
  }

  private func byteText(_ byte: UInt8) -> String {
    (0x20..<0x7F).contains(byte)
      ? String(Unicode.Scalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  /// UTF-16 units with the surrogates that have no partner as `\udXXX`.
  private func escaped(_ units: ArraySlice<UInt16>) -> String {
    var text = ""
    for place in units.indices {
      let unit = units[place]
      if UTF16.isTrailSurrogate(unit), place > 0, UTF16.isLeadSurrogate(units[place - 1]) {
        continue
      }
      if UTF16.isLeadSurrogate(unit), place + 1 < units.endIndex,
        UTF16.isTrailSurrogate(units[place + 1])
      {
        text += String(decoding: units[place...place + 1], as: UTF16.self)
      } else if let scalar = Unicode.Scalar(unit) {
        text.unicodeScalars.append(scalar)
      } else {
        text += "\\u" + String(unit, radix: 16)
      }
    }
    return text
  }
}
