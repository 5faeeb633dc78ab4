internal import TPBytes

extension PickleMachine {
  /// Bytes of the longest integer that is read: 2048 bits. The work of finding decimal digits grows
  /// with the square of the length; nothing that is saved with a model comes near.
  private static let longestInteger = 256

  mutating func number(_ opcode: PickleOpcode) throws(PortError) -> PickleArena.Node {
    switch opcode {
    case .long1: return try long(try cursor.length(UInt8.self))
    case .long4: return try long(try cursor.length(Int32.self))
    case .float: return try floatLine()
    default: return try integerLine(opcode)
    }
  }

  /// An integer of `length` bytes in little-endian two's complement; none stand for 0.
  private mutating func long(_ length: Int) throws(PortError) -> PickleArena.Node {
    try checkInteger(length)
    let bytes = try cursor.array(length)
    return integer(twosComplement: bytes)
  }

  private func checkInteger(_ length: Int) throws(PortError) {
    guard length <= Self.longestInteger else {
      throw PortError(
        .limit, "an integer has \(length) bytes, more than \(Self.longestInteger)",
        offset: opcodeOffset, remedy: "no checkpoint needs such numbers; fetch the file again")
    }
  }

  /// A line of decimal digits. `INT` also writes `00` and `01` for False and True, and `LONG` may
  /// end in `L`. Other leading zeros are refused: to CPython's two unpicklers they mean different
  /// numbers.
  private mutating func integerLine(_ opcode: PickleOpcode) throws(PortError) -> PickleArena.Node {
    var line = try cursor.line()[...]
    if opcode == .int, line == [0x30, 0x30] { return .bool(false) }
    if opcode == .int, line == [0x30, 0x31] { return .bool(true) }
    if opcode == .long, line.last == UInt8(ascii: "L") { line.removeLast() }
    let isNegative = line.first == UInt8(ascii: "-")
    if isNegative || line.first == UInt8(ascii: "+") { line.removeFirst() }
    guard let first = line.first, line.allSatisfy({ (0x30...0x39).contains($0) }),
      first != 0x30 || line.count == 1
    else {
      throw malformed("\(opcode.name) gives no decimal integer")
    }
    // Two decimal digits and a half to the byte, so that both spellings have one limit.
    try checkInteger(line.count * 2 / 5)
    let text = (isNegative ? "-" : "") + String(decoding: line, as: UTF8.self)
    return Int(text).map { .int($0) } ?? .bigInt(text)
  }

  /// A line as Python's `repr` writes a float.
  private mutating func floatLine() throws(PortError) -> PickleArena.Node {
    let text = String(validating: try cursor.line(), as: UTF8.self) ?? ""
    let digits = text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0)
    }
    let name = text.lowercased().drop { $0 == "+" || $0 == "-" }
    let isNamed = ["nan", "inf", "infinity"].contains(String(name))
    guard digits || isNamed, text.utf8.count <= 1024, let value = Double(text) else {
      throw malformed("FLOAT gives no number")
    }
    return .float(value)
  }
}

/// The node of an integer in little-endian two's complement.
func integer(twosComplement bytes: [UInt8]) -> PickleArena.Node {
  let isNegative = (bytes.last ?? 0) >= 0x80
  let fill: UInt8 = isNegative ? 0xFF : 0
  var significant = bytes[...]
  while significant.count > 8, significant.last == fill { significant.removeLast() }
  // Nine bytes may be needed where the eighth has the other sign.
  let needsMore = significant.count == 8 && ((significant.last ?? 0) >= 0x80) != isNegative
  if significant.count <= 8, !needsMore {
    var value: UInt64 = isNegative ? .max : 0
    for byte in significant.reversed() { value = value << 8 | UInt64(byte) }
    return .int(Int(Int64(bitPattern: value)))
  }
  return .bigInt((isNegative ? "-" : "") + decimal(magnitudeOf: bytes, isNegative: isNegative))
}

/// The decimal digits of a magnitude: repeated division of 32-bit limbs by 10^9. A negative number is
/// its complement plus 1, which cannot carry out: its last byte is 0x80 or more.
private func decimal(magnitudeOf bytes: [UInt8], isNegative: Bool) -> String {
  var limbs = [UInt32](repeating: 0, count: (bytes.count + 3) / 4)
  var carry: UInt16 = isNegative ? 1 : 0
  for (place, byte) in bytes.enumerated() {
    let sum = UInt16(isNegative ? ~byte : byte) + carry
    carry = sum >> 8
    limbs[place / 4] |= UInt32(sum & 0xFF) << UInt32(place % 4 * 8)
  }
  var groups: [UInt32] = []
  while !limbs.isEmpty {
    var remainder: UInt64 = 0
    for place in limbs.indices.reversed() {
      let value = remainder << 32 | UInt64(limbs[place])
      limbs[place] = UInt32(truncatingIfNeeded: value / 1_000_000_000)
      remainder = value % 1_000_000_000
    }
    groups.append(UInt32(truncatingIfNeeded: remainder))
    while limbs.last == 0 { limbs.removeLast() }
  }
  guard let first = groups.last else { return "0" }
  return groups.dropLast().reversed().reduce(into: String(first)) { text, group in
    let digits = String(group)
    text += String(repeating: "0", count: 9 - digits.count) + digits
  }
}
