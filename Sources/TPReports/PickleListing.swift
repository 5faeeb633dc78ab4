public import TPBytes
internal import TPPickle

/// A pickle opcode by opcode: where each lies, its argument, and the value that it built.
public struct PickleListing: Sendable {
  /// One opcode.
  struct Line: Sendable {
    let offset: Int
    let opcode: PickleOpcode
    let argument: String?
    let value: String?
    let depth: Int
  }

  private let record: String?
  private let start: Int
  private var lines: [Line] = []
  private var omitted = 0
  private let protocolNumber: Int
  private let error: PortError?

  /// Runs a pickle and keeps what its first `limit` opcodes do.
  ///
  /// - Throws: `PortError` where `offset` lies outside of the bytes.
  public init(
    record: String?, bytes: ByteRegion, offset: Int, limit: Int = 10_000
  ) throws(PortError) {
    var lines: [Line] = []
    var omitted = 0
    var depth = 0
    let span = bytes.bytes
    let trace = try PickleMachine.trace(span, from: offset) { step, arena in
      guard lines.count < limit else {
        omitted += 1
        return
      }
      var disassembler = try? PickleDisassembler(span, from: step.range.lowerBound)
      let operand = disassembler?.next()?.operand ?? .none
      let value = showsValue(step.opcode) ? step.top.map { arena.summary($0) } : nil
      lines.append(
        Line(
          offset: step.range.lowerBound, opcode: step.opcode, argument: words(operand),
          value: value, depth: min(depth, step.marks)))
      depth = step.marks
    }
    self.record = record
    start = offset
    self.lines = lines
    self.omitted = omitted
    protocolNumber = trace.protocolNumber
    error = trace.error
  }

  /// The listing as JSON.
  public var json: JSONValue {
    [
      "record": record.map(JSONValue.string) ?? .null,
      "offset": .int(start),
      "protocol": .int(protocolNumber),
      "opcodes": .array(
        lines.map { line in
          [
            "offset": .int(line.offset),
            "opcode": .string(line.opcode.name),
            "argument": line.argument.map(JSONValue.string) ?? .null,
            "value": line.value.map(JSONValue.string) ?? .null,
          ]
        }),
      "omitted": .int(omitted),
      "error": error?.json ?? .null,
    ]
  }

  /// The listing for a terminal.
  public var text: String {
    var text = record.map { "record \(printable($0)), " } ?? ""
    text += "protocol \(protocolNumber), from byte \(start)\n"
    for line in lines {
      let offset = String(line.offset)
      var row = String(repeating: " ", count: max(0, 8 - offset.utf8.count)) + offset + "  "
      row += String(repeating: ". ", count: min(line.depth, 20)) + line.opcode.name
      if let argument = line.argument { row += " " + argument }
      if let value = line.value {
        row += String(repeating: " ", count: max(1, 48 - row.count)) + "-> " + value
      }
      text += row + "\n"
    }
    if omitted > 0 { text += "          … \(counted(omitted, "more opcode"))\n" }
    if let error { text += "          cannot go on: \(error.description)\n" }
    return text
  }
}

/// Whether what an opcode leaves on the stack says more than its argument.
private func showsValue(_ opcode: PickleOpcode) -> Bool {
  switch opcode {
  case .append, .list, .tuple, .dict, .setItem, .dup, .get, .reduce, .build, .inst, .appends,
    .setItems, .binGet, .longBinGet, .obj, .binPersID, .persID, .long1, .long4, .tuple1, .tuple2,
    .tuple3, .newObj, .addItems, .frozenSet, .stackGlobal, .newObjEx, .stop, .string, .unicode:
    true
  default: false
  }
}

private func words(_ operand: PickleOperand) -> String? {
  switch operand {
  case .none: nil
  case .number(let number): String(number)
  case .float(let number): "\(number)"
  case .text(let text): "'" + printable(text, limit: 80) + "'"
  case .bytes(let count): "\(count) bytes"
  case .names(let module, let name): printable(module, limit: 80) + " " + printable(name, limit: 80)
  }
}
