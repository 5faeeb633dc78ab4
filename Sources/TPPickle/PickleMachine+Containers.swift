internal import TPBytes

extension PickleMachine {
  mutating func makeTuple(_ count: Int, _ opcode: PickleOpcode) throws(PortError) {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw malformed("\(opcode.name) finds too few values on the stack")
    }
    // Not `Array(stack.suffix(count))`: of a whole stack that is the stack's own memory, and a million
    // tuples would each keep what it had room for.
    var elements: [PickleArena.Handle] = []
    elements.reserveCapacity(count)
    for place in stack.count - count..<stack.count { elements.append(stack[place]) }
    stack.removeLast(count)
    try push(.tuple(elements))
  }

  mutating func makeDict() throws(PortError) {
    let items = try popMark(for: .dict)
    try checkPairs(items[...], .dict)
    var pairs: [PickleArena.Pair] = []
    pairs.reserveCapacity(items.count / 2)
    pairs.append(pairs: items[...])
    try push(.dict(pairs))
  }

  mutating func append(_ items: [PickleArena.Handle], _ opcode: PickleOpcode) throws(PortError) {
    let target = try top(for: opcode)
    guard arena.append(items[...], to: target) else {
      throw malformed("\(opcode.name) adds to \(arena[target].kind), which is no list")
    }
  }

  mutating func setItems(_ items: [PickleArena.Handle], _ opcode: PickleOpcode) throws(PortError) {
    let target = try top(for: opcode)
    try checkPairs(items[...], opcode)
    guard arena.setItems(items[...], of: target) else {
      throw malformed("\(opcode.name) sets a key of \(arena[target].kind), which is no dict")
    }
  }

  mutating func addItems() throws(PortError) {
    let items = try popMark(for: .addItems)
    let target = try top(for: .addItems)
    guard arena.add(items[...], toSet: target) else {
      throw malformed("ADDITEMS adds to \(arena[target].kind), which is no set")
    }
  }

  /// Keys and values alternate, and no key is of a kind that Python cannot hash.
  private func checkPairs(
    _ items: ArraySlice<PickleArena.Handle>, _ opcode: PickleOpcode
  ) throws(PortError) {
    guard items.count.isMultiple(of: 2) else {
      throw malformed("\(opcode.name) has a key without a value")
    }
    for place in stride(from: items.startIndex, to: items.endIndex, by: 2) {
      switch arena[items[place]] {
      case .list, .dict, .set, .byteArray:
        throw malformed("\(opcode.name) uses \(arena[items[place]].kind) as a key")
      default: break
      }
    }
  }
}
