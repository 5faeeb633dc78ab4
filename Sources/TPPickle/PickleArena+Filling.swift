// Objects change in place, so that every holder of a handle sees them change. The array leaves its
// node while it grows: two references to it would copy it at every opcode.
extension PickleArena {
  /// Adds to a list, or to an object that Python would ask to append; false for anything else.
  mutating func append(_ items: ArraySlice<Handle>, to handle: Handle) -> Bool {
    switch self[handle] {
    case .list(var list):
      set(.none, at: handle)
      list.append(contentsOf: items)
      set(.list(list), at: handle)
    case .call(let place): change(call: place) { $0.items.append(contentsOf: items) }
    default: return false
    }
    return true
  }

  /// Sets keys of a dict, or of an object that Python would ask to; false for anything else.
  ///
  /// - Precondition: an even number of handles: key, value, key, value, ...
  mutating func setItems(_ items: ArraySlice<Handle>, of handle: Handle) -> Bool {
    switch self[handle] {
    case .dict(var entries):
      set(.none, at: handle)
      entries.append(pairs: items)
      set(.dict(entries), at: handle)
    case .call(let place): change(call: place) { $0.entries.append(pairs: items) }
    default: return false
    }
    return true
  }

  /// Adds to a set, or to an object that Python would ask to; false for anything else.
  mutating func add(_ items: ArraySlice<Handle>, toSet handle: Handle) -> Bool {
    switch self[handle] {
    case .set(var elements):
      set(.none, at: handle)
      elements.append(contentsOf: items)
      set(.set(elements), at: handle)
    case .call(let place): change(call: place) { $0.elements.append(contentsOf: items) }
    default: return false
    }
    return true
  }

  /// Gives an object its state; false for what is not an object.
  mutating func build(_ handle: Handle, state: Handle) -> Bool {
    guard case .call(let place) = self[handle] else { return false }
    change(call: place) { $0.states.append(state) }
    return true
  }
}

extension [PickleArena.Pair] {
  /// Adds pairs that lie flat: key, value, key, value, ...
  mutating func append(pairs items: ArraySlice<PickleArena.Handle>) {
    for key in stride(from: items.startIndex, to: items.endIndex - 1, by: 2) {
      append(PickleArena.Pair(key: items[key], value: items[key + 1]))
    }
  }
}
