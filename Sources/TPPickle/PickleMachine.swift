public import TPBytes

/// Runs a pickle of protocol 0 to 5 and keeps what it builds as data: nothing it names is imported,
/// nothing it constructs is called.
///
/// Memory is linear in the bytes read, and `ReadLimits.objects` and `.pickleBytes` bound it. Values
/// may contain themselves and may nest without limit: whoever walks them counts the depth.
public struct PickleMachine: ~Copyable, ~Escapable {
  var cursor: ByteCursor
  let limits: ReadLimits
  let start: Int
  var arena: PickleArena
  var stack: [PickleArena.Handle] = []
  /// How high the stack was at each MARK that is open.
  var marks: [Int] = []
  var memo = PickleMemo()
  var frames: [Pickle.Frame] = []
  var protocolNumber = 0
  /// Bytes of the names that were looked up by their text.
  var nameBytes = 0
  /// Where the opcode is that is being carried out.
  var opcodeOffset: Int
  // What never changes is made once: None, False, True, the empty tuple, integers of one byte.
  private var constants = [PickleArena.Handle?](repeating: nil, count: 4 + 256)

  /// Runs the pickle that begins at `offset` up to its STOP.
  ///
  /// - Parameters:
  ///   - bytes: a file or record; every offset counts from its start.
  ///   - offset: where the pickle begins; what follows its STOP is not looked at.
  ///   - limits: the bounds on what the pickle may build.
  /// - Throws: `PortError` with the offset of the opcode or operand that cannot be carried out.
  public static func run(
    _ bytes: RawSpan, from offset: Int = 0, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Pickle {
    var machine = try PickleMachine(bytes, from: offset, limits: limits)
    return try machine.run()
  }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, from offset: Int, limits: ReadLimits) throws(PortError) {
    var cursor = ByteCursor(bytes)
    try cursor.seek(to: offset)
    self.cursor = cursor
    self.limits = limits
    start = offset
    opcodeOffset = offset
    arena = PickleArena(base: offset)
  }

  private mutating func run() throws(PortError) -> Pickle {
    while true {
      let opcode = try nextOpcode()
      if opcode == .stop { return try finish() }
      do throws(PortError) {
        try execute(opcode)
      } catch {
        throw explained(error, opcode)
      }
    }
  }

  mutating func nextOpcode() throws(PortError) -> PickleOpcode {
    opcodeOffset = cursor.offset
    guard opcodeOffset - start < limits.pickleBytes else {
      throw PortError(
        .limit, "the pickle is longer than \(limits.pickleBytes) bytes", offset: opcodeOffset,
        remedy: ReadLimits.Named.pickleBytes.remedy)
    }
    guard !cursor.isAtEnd else {
      throw PortError(
        .truncated, "the pickle ends without a STOP opcode", offset: opcodeOffset,
        remedy: "the file is probably incomplete; fetch it again")
    }
    let byte = try cursor.byte()
    guard let opcode = PickleOpcode(rawValue: byte) else {
      let character =
        (0x21...0x7E).contains(byte) ? " ('\(Character(Unicode.Scalar(byte)))')" : ""
      throw PortError(
        .malformed, "no pickle opcode is 0x\(hexadecimal([byte]))\(character)",
        offset: opcodeOffset, remedy: "this is no pickle, or a damaged one; fetch the file again")
    }
    return opcode
  }

  /// An error of the cursor, which knows neither opcode nor remedy.
  func explained(_ error: PortError, _ opcode: PickleOpcode) -> PortError {
    guard error.kind == .truncated else { return error }
    return PortError(
      .truncated, "in the operand of \(opcode.name), \(error.message)", offset: error.offset,
      remedy: error.remedy ?? "the file is incomplete or damaged; fetch it again")
  }

  mutating func finish() throws(PortError) -> Pickle {
    let root = try pop(for: .stop)
    return Pickle(
      arena: arena, root: root, protocolNumber: protocolNumber, range: start..<cursor.offset,
      frames: frames)
  }

  /// Adds a value to the arena.
  mutating func make(_ node: PickleArena.Node) throws(PortError) -> PickleArena.Handle {
    try checkRoom()
    return arena.add(node, at: opcodeOffset)
  }

  func checkRoom() throws(PortError) {
    guard arena.valueCount < room else { try refuse() }
  }

  /// The least limit; checked without asking which one it is. Neither sum can overflow: a pickle lies
  /// in memory, and `freeObjects` counts what has to fit there, too.
  private var room: Int {
    min(limits.objects, limits.freeObjects &+ (opcodeOffset &- start) / 3, Int(Int32.max))
  }

  private func refuse() throws(PortError) -> Never {
    let count = arena.valueCount
    let isFree = count < min(limits.objects, Int(Int32.max))
    throw PortError(
      .limit,
      isFree
        ? "the pickle builds \(count) values of \(opcodeOffset - start) bytes, more than"
          + " \(limits.freeObjects) and one for every three bytes"
        : "the pickle builds more than \(limits.objects) values",
      offset: opcodeOffset,
      remedy: "no checkpoint needs so many; "
        + (isFree ? ReadLimits.Named.freeObjects : .objects).remedy)
  }

  mutating func push(_ node: PickleArena.Node) throws(PortError) {
    stack.append(try make(node))
  }

  /// Pushes a value that never changes and is made once: 0 None, 1 False, 2 True, 3 the empty tuple,
  /// from 4 on the integers 0 to 255.
  mutating func push(constant place: Int, _ node: PickleArena.Node) throws(PortError) {
    if let known = constants[place] {
      stack.append(known)
    } else {
      let handle = try make(node)
      constants[place] = handle
      stack.append(handle)
    }
  }

  func malformed(_ message: String) -> PortError {
    PortError(
      .malformed, message, offset: opcodeOffset,
      remedy: "the file is damaged or not what it claims to be; fetch it again")
  }
}
