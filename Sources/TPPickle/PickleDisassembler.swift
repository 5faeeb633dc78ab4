public import TPBytes

/// An opcode's operand as it is written, without its meaning.
public enum PickleOperand: Hashable, Sendable {
  /// The opcode has none.
  case none
  /// A number: an integer, a place in the memo, the length of a frame.
  case number(Int)
  /// A floating-point number.
  case float(Double)
  /// A text, or a line.
  case text(String)
  /// That many bytes.
  case bytes(count: Int)
  /// Module and name.
  case names(module: String, name: String)
}

/// Reads opcodes one after the other without carrying them out: what they mean depends on a stack
/// that it does not keep. It serves where the machine cannot go on.
public struct PickleDisassembler: ~Escapable {
  private var cursor: ByteCursor

  /// Begins at an offset.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, from offset: Int) throws(PortError) {
    cursor = ByteCursor(bytes)
    try cursor.seek(to: offset)
  }

  /// The next opcode with its operand; `nil` at the end, and where no opcode begins.
  public mutating func next() -> (opcode: PickleOpcode, operand: PickleOperand, offset: Int)? {
    let offset = cursor.offset
    guard let byte = try? cursor.byte(), let opcode = PickleOpcode(rawValue: byte),
      let operand = try? operand(of: opcode)
    else { return nil }
    return (opcode, operand, offset)
  }

  private mutating func operand(of opcode: PickleOpcode) throws(PortError) -> PickleOperand {
    switch opcode {
    case .proto, .binInt1, .binPut, .binGet, .ext1: return .number(Int(try cursor.byte()))
    case .binInt2, .ext2: return .number(Int(try cursor.little(UInt16.self)))
    case .binInt, .ext4: return .number(Int(try cursor.little(Int32.self)))
    case .longBinPut, .longBinGet: return .number(Int(try cursor.little(UInt32.self)))
    case .frame: return .number(Int(clamping: try cursor.little(UInt64.self)))
    case .binFloat: return .float(Double(bitPattern: try cursor.big(UInt64.self)))
    case .int, .long, .float, .string, .unicode, .get, .put, .persID:
      return .text(String(decoding: try cursor.line(), as: UTF8.self))
    case .global, .inst:
      let module = String(decoding: try cursor.line(), as: UTF8.self)
      return .names(module: module, name: String(decoding: try cursor.line(), as: UTF8.self))
    case .shortBinString, .shortBinUnicode: return try text(try cursor.length(UInt8.self))
    case .binString: return try text(try cursor.length(Int32.self))
    case .binUnicode: return try text(try cursor.length(UInt32.self))
    case .binUnicode8: return try text(try cursor.length(UInt64.self))
    case .shortBinBytes, .long1: return try bytes(try cursor.length(UInt8.self))
    case .binBytes: return try bytes(try cursor.length(UInt32.self))
    case .long4: return try bytes(try cursor.length(Int32.self))
    case .binBytes8, .byteArray8: return try bytes(try cursor.length(UInt64.self))
    default: return .none
    }
  }

  /// Long texts are cut: they are only shown, or compared with names.
  private mutating func text(_ length: Int) throws(PortError) -> PickleOperand {
    let bytes = try cursor.array(min(length, 1024))
    try cursor.skip(max(0, length - 1024))
    return .text(String(decoding: bytes, as: UTF8.self))
  }

  private mutating func bytes(_ length: Int) throws(PortError) -> PickleOperand {
    try cursor.skip(length)
    return .bytes(count: length)
  }
}
