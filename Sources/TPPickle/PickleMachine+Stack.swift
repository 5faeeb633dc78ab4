internal import TPBytes

// The stack ends at the innermost open MARK: what lies below it is out of reach, as in CPython.
extension PickleMachine {
  mutating func pop(for opcode: PickleOpcode) throws(PortError) -> PickleArena.Handle {
    let handle = try top(for: opcode)
    stack.removeLast()
    return handle
  }

  func top(for opcode: PickleOpcode) throws(PortError) -> PickleArena.Handle {
    guard stack.count > marks.last ?? 0, let handle = stack.last else {
      throw malformed("\(opcode.name) needs a value and the stack is empty")
    }
    return handle
  }

  /// Takes everything above the innermost MARK, and the MARK.
  mutating func popMark(for opcode: PickleOpcode) throws(PortError) -> [PickleArena.Handle] {
    guard let height = marks.popLast() else {
      throw malformed("\(opcode.name) needs a MARK and there is none")
    }
    // Copied one by one for the reason given in `makeTuple`.
    var items: [PickleArena.Handle] = []
    items.reserveCapacity(stack.count - height)
    for place in height..<stack.count { items.append(stack[place]) }
    stack.removeLast(items.count)
    return items
  }

  /// `POP`: a value, or the MARK where nothing lies above it.
  mutating func drop() throws(PortError) {
    if let height = marks.last, stack.count == height {
      marks.removeLast()
    } else {
      _ = try pop(for: .pop)
    }
  }

  mutating func remember(_ key: Int, for opcode: PickleOpcode) throws(PortError) {
    memo.set(key, to: try top(for: opcode))
  }

  mutating func recall(_ key: Int) throws(PortError) {
    guard let handle = memo[key] else {
      throw malformed("the memo has no value \(key)")
    }
    stack.append(handle)
  }

  /// The memo key that `GET` and `PUT` give as a line of digits.
  mutating func keyLine(for opcode: PickleOpcode) throws(PortError) -> Int {
    let line = try cursor.line()
    guard let text = String(validating: line, as: UTF8.self), let key = Int(text), key >= 0 else {
      throw malformed("\(opcode.name) gives no number of the memo")
    }
    return key
  }
}
