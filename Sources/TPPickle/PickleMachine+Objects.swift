internal import TPBytes

// GLOBAL, REDUCE and their kin: names and constructions, kept as data.
extension PickleMachine {
  /// Bytes of the longest name of a class or function, with its module: each is compared with many
  /// others, and those of Python and C++ come nowhere near.
  private static let longestName = 1 << 14
  /// Bytes of names that may be put together of texts besides those that were read: a thousand texts
  /// make a million pairs.
  private static let freeNames = 1 << 20

  mutating func pushGlobal(_ opcode: PickleOpcode) throws(PortError) {
    if opcode == .global {
      stack.append(try globalLines())
      return
    }
    let name = try pop(for: opcode)
    let module = try pop(for: opcode)
    let pair = PickleArena.Pair(key: module, value: name)
    if let known = arena.knownGlobal(pair) {
      stack.append(known)
      return
    }
    guard let moduleText = arena.string(module), let nameText = arena.string(name) else {
      throw malformed(
        "STACK_GLOBAL needs two texts and finds \(arena[module].kind) and \(arena[name].kind)")
    }
    // The marks of both were counted when they were read.
    try checkName(moduleText, nameText)
    try checkRoom()
    let global = arena.addGlobal(module: moduleText, name: nameText, at: opcodeOffset)
    arena.remember(global, as: pair)
    stack.append(global)
  }

  private mutating func checkName(_ module: String, _ name: String) throws(PortError) {
    let count = module.utf8.count + name.utf8.count
    guard count <= Self.longestName else {
      throw PortError(
        .limit,
        "the name of a class or function has \(count) bytes, more than \(Self.longestName)",
        offset: opcodeOffset, remedy: "no program has such names; fetch the file again")
    }
    nameBytes += count
    guard nameBytes <= cursor.offset - start + Self.freeNames else {
      throw PortError(
        .limit,
        "the names of classes and functions have \(nameBytes) bytes together, more than the pickle so"
          + " far and \(Self.freeNames)",
        offset: opcodeOffset, remedy: "the file was made to exhaust its reader; do not trust it")
    }
  }

  private mutating func globalLines() throws(PortError) -> PickleArena.Handle {
    let module = String(validating: try cursor.line(), as: UTF8.self)
    let name = String(validating: try cursor.line(), as: UTF8.self)
    guard let module, let name else {
      throw malformed("the name of a class or function is not UTF-8")
    }
    try checkName(module, name)
    try checkMarks(of: module, offset: opcodeOffset)
    try checkMarks(of: name, offset: opcodeOffset)
    try checkRoom()
    return arena.addGlobal(module: module, name: name, at: opcodeOffset)
  }

  /// `REDUCE`, `NEWOBJ`, `NEWOBJ_EX`: callable and arguments lie on the stack.
  mutating func construct(
    _ opcode: PickleOpcode, keywords: PickleArena.Handle?
  ) throws(PortError) {
    let arguments = try pop(for: opcode)
    let callable = try pop(for: opcode)
    guard case .tuple = arena[arguments] else {
      throw malformed(
        "\(opcode.name) needs a tuple of arguments and finds \(arena[arguments].kind)")
    }
    if let keywords {
      guard case .dict = arena[keywords] else {
        throw malformed("NEWOBJ_EX needs a dict of keywords and finds \(arena[keywords].kind)")
      }
    }
    let kind: PickleArena.Call.Kind =
      switch opcode {
      case .newObj: .newObj
      case .newObjEx: .newObjEx
      default: .reduce
      }
    try pushCall(kind, opcode, callable, arguments, keywords)
  }

  /// `OBJ` and `INST`: the arguments lie above a MARK.
  mutating func constructAboveMark(_ opcode: PickleOpcode) throws(PortError) {
    var items: [PickleArena.Handle]
    let callable: PickleArena.Handle
    if opcode == .inst {
      callable = try globalLines()
      items = try popMark(for: opcode)
    } else {
      items = try popMark(for: opcode)
      guard let first = items.first else { throw malformed("OBJ has no class above its MARK") }
      callable = first
      items.removeFirst()
    }
    let arguments = try make(.tuple(items))
    try pushCall(opcode == .inst ? .inst : .obj, opcode, callable, arguments, nil)
  }

  private mutating func pushCall(
    _ kind: PickleArena.Call.Kind, _ opcode: PickleOpcode, _ callable: PickleArena.Handle,
    _ arguments: PickleArena.Handle, _ keywords: PickleArena.Handle?
  ) throws(PortError) {
    switch arena[callable] {
    case .global, .call, .persistent: break
    case let node: throw malformed("\(opcode.name) would call \(node.kind)")
    }
    try checkRoom()
    let call = PickleArena.Call(
      kind: kind, callable: callable, arguments: arguments, keywords: keywords)
    stack.append(arena.add(call, at: opcodeOffset))
  }

  mutating func build() throws(PortError) {
    let state = try pop(for: .build)
    let target = try top(for: .build)
    guard arena.build(target, state: state) else {
      throw malformed("BUILD sets the state of \(arena[target].kind), which is no object")
    }
  }

  mutating func persistent(_ opcode: PickleOpcode) throws(PortError) {
    if opcode == .binPersID {
      try push(.persistent(try pop(for: opcode)))
      return
    }
    guard let text = String(validating: try cursor.line(), as: UTF8.self) else {
      throw malformed("the persistent id is not UTF-8")
    }
    try checkMarks(of: text, offset: opcodeOffset)
    try push(.persistent(try make(.string(text))))
  }
}
