internal import TPBytes

extension PickleMachine {
  mutating func text(_ opcode: PickleOpcode) throws(PortError) -> PickleArena.Node {
    let node = try anyText(opcode)
    switch node {
    case .string(let text): try checkMarks(of: text, offset: opcodeOffset)
    case .brokenString(let units):
      try checkMarks(of: String(decoding: units, as: UTF16.self), offset: opcodeOffset)
    default: break
    }
    return node
  }

  private mutating func anyText(_ opcode: PickleOpcode) throws(PortError) -> PickleArena.Node {
    switch opcode {
    case .binUnicode: return try unicode(try cursor.length(UInt32.self))
    case .shortBinUnicode: return try unicode(try cursor.length(UInt8.self))
    case .binUnicode8: return try unicode(try cursor.length(UInt64.self))
    case .unicode: return try unicodeLine()
    case .binString: return python2(try cursor.array(try cursor.length(Int32.self)))
    case .shortBinString: return python2(try cursor.array(try cursor.length(UInt8.self)))
    default: return python2(try quotedLine())
    }
  }

  /// A Python 2 `str` is a text to who can read it as UTF-8 (PyTorch's own choice when it loads
  /// such files) and bytes otherwise.
  private func python2(_ bytes: [UInt8]) -> PickleArena.Node {
    String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(bytes)
  }

  /// UTF-8 in which surrogates are encoded like any other code point (Python's `surrogatepass`).
  private mutating func unicode(_ length: Int) throws(PortError) -> PickleArena.Node {
    let bytes = try cursor.span(length)
    let text = unsafe bytes.withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
    if let text { return .string(text) }
    let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    guard let units = utf16(surrogatePassing: copy) else {
      throw malformed("a text is not UTF-8")
    }
    return .brokenString(units)
  }

  /// A line in Python's `raw-unicode-escape`: Latin-1, `\uXXXX` and `\UXXXXXXXX`.
  private mutating func unicodeLine() throws(PortError) -> PickleArena.Node {
    let line = try cursor.line()
    var units: [UInt16] = []
    var hasSurrogate = false
    var place = 0
    while place < line.count {
      let byte = line[place]
      guard byte == UInt8(ascii: "\\"), place + 1 < line.count else {
        units.append(UInt16(byte))
        place += 1
        continue
      }
      let width =
        switch line[place + 1] {
        case UInt8(ascii: "u"): 4
        case UInt8(ascii: "U"): 8
        default: 0
        }
      if width == 0 {
        units += [UInt16(byte), UInt16(line[place + 1])]
      } else {
        guard let value = hexadecimalValue(line, place + 2, width), value <= 0x10FFFF else {
          throw malformed("a text has an escape that is no code point")
        }
        hasSurrogate = hasSurrogate || (0xD800...0xDFFF).contains(value)
        appendUnits(of: value, to: &units)
      }
      place += 2 + width
    }
    return hasSurrogate ? .brokenString(units) : .string(String(decoding: units, as: UTF16.self))
  }

  /// A line as Python's `repr` writes a `str`: in quotes, with escapes.
  private mutating func quotedLine() throws(PortError) -> [UInt8] {
    let line = try cursor.line()
    guard line.count >= 2, let quote = line.first, line.last == quote,
      quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
    else {
      throw malformed("STRING is not in quotes")
    }
    guard let bytes = unescaped(line[1..<line.count - 1]) else {
      throw malformed("STRING has an escape that means nothing")
    }
    return bytes
  }
}

/// The bytes that Python's `codecs.escape_decode` makes, or `nil` for an escape cut short.
private func unescaped(_ line: ArraySlice<UInt8>) -> [UInt8]? {
  var result: [UInt8] = []
  var rest = line
  while let byte = rest.popFirst() {
    guard byte == UInt8(ascii: "\\") else {
      result.append(byte)
      continue
    }
    guard let escape = rest.popFirst() else { return nil }
    switch escape {
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): result.append(escape)
    case UInt8(ascii: "a"): result.append(7)
    case UInt8(ascii: "b"): result.append(8)
    case UInt8(ascii: "t"): result.append(9)
    case UInt8(ascii: "n"): result.append(10)
    case UInt8(ascii: "v"): result.append(11)
    case UInt8(ascii: "f"): result.append(12)
    case UInt8(ascii: "r"): result.append(13)
    case UInt8(ascii: "x"):
      guard let value = hexadecimalValue(Array(rest.prefix(2)), 0, 2) else { return nil }
      rest = rest.dropFirst(2)
      result.append(UInt8(truncatingIfNeeded: value))
    case 0x30...0x37:
      var value = UInt32(escape - 0x30)
      for _ in 0..<2 {
        guard let digit = rest.first, (0x30...0x37).contains(digit) else { break }
        value = value * 8 + UInt32(digit - 0x30)
        rest = rest.dropFirst()
      }
      result.append(UInt8(truncatingIfNeeded: value))
    default: result += [byte, escape]
    }
  }
  return result
}

private func hexadecimalValue(_ line: [UInt8], _ start: Int, _ width: Int) -> UInt32? {
  guard width <= line.count - start else { return nil }
  var value: UInt32 = 0
  for byte in line[start..<start + width] {
    let digit: UInt8
    switch byte {
    case 0x30...0x39: digit = byte - 0x30
    case 0x41...0x46: digit = byte - 0x41 + 10
    case 0x61...0x66: digit = byte - 0x61 + 10
    default: return nil
    }
    value = value << 4 | UInt32(digit)
  }
  return value
}

private func appendUnits(of value: UInt32, to units: inout [UInt16]) {
  if value < 0x10000 {
    units.append(UInt16(truncatingIfNeeded: value))
  } else {
    units.append(UInt16(truncatingIfNeeded: 0xD800 + (value - 0x10000) >> 10))
    units.append(UInt16(truncatingIfNeeded: 0xDC00 + (value - 0x10000) & 0x3FF))
  }
}

/// UTF-16 units of UTF-8 that may encode surrogates; `nil` where it breaks any other rule.
private func utf16(surrogatePassing bytes: [UInt8]) -> [UInt16]? {
  var units: [UInt16] = []
  var place = 0
  while place < bytes.count {
    let first = bytes[place]
    let (length, least): (Int, UInt32)
    switch first {
    case 0..<0x80: (length, least) = (1, 0)
    case 0xC2..<0xE0: (length, least) = (2, 0x80)
    case 0xE0..<0xF0: (length, least) = (3, 0x800)
    case 0xF0..<0xF5: (length, least) = (4, 0x10000)
    default: return nil
    }
    guard length <= bytes.count - place else { return nil }
    var value = length == 1 ? UInt32(first) : UInt32(first) & (0xFF >> UInt32(length + 1))
    for byte in bytes[place + 1..<place + length] {
      guard byte & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    guard value >= least, value <= 0x10FFFF else { return nil }
    appendUnits(of: value, to: &units)
    place += length
  }
  return units
}
