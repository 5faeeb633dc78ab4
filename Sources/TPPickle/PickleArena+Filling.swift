// Objects change in place, so that every holder of a handle sees them change. The array leaves its
// node while it grows: two references to it would copy it at every opcode.
extension PickleArena {
  /// Adds to a list, or to an object that Python would ask to append; false for anything else.
  mutating func append(_ items: ArraySlice<Handle>, to handle: Handle) -> Bool {
    if var list = take(handle, { $0.takeList() }) {
      list.append(contentsOf: items)
      set(.list(list), at: handle)
      return true
    }
    guard case .call(let place) = self[handle] else { return false }
    change(call: place) { $0.items.append(contentsOf: items) }
    return true
  }

  /// Sets keys of a dict, or of an object that Python would ask to; false for anything else.
  ///
  /// - Precondition: an even number of handles: key, value, key, value, ...
  mutating func setItems(_ items: ArraySlice<Handle>, of handle: Handle) -> Bool {
    if var pairs = take(handle, { $0.takeDict() }) {
      pairs.append(pairs: items)
      set(.dict(pairs), at: handle)
      return true
    }
    guard case .call(let place) = self[handle] else { return false }
    change(call: place) { $0.entries.append(pairs: items) }
    return true
  }

  /// Adds to a set, or to an object that Python would ask to; false for anything else.
  mutating func add(_ items: ArraySlice<Handle>, toSet handle: Handle) -> Bool {
    if var elements = take(handle, { $0.takeSet() }) {
      elements.append(contentsOf: items)
      set(.set(elements), at: handle)
      return true
    }
    guard case .call(let place) = self[handle] else { return false }
    change(call: place) { $0.elements.append(contentsOf: items) }
    return true
  }

  /// Gives an object its state; false for what is not an object.
  mutating func build(_ handle: Handle, state: Handle) -> Bool {
    guard case .call(let place) = self[handle] else { return false }
    change(call: place) { $0.states.append(state) }
    return true
  }
}

extension PickleArena.Node {
  // Each leaves `.none` behind, so that what it gives is the only reference to the array.

  fileprivate mutating func takeList() -> [PickleArena.Handle]? {
    guard case .list(let list) = self else { return nil }
    self = .none
    return list
  }

  fileprivate mutating func takeSet() -> [PickleArena.Handle]? {
    guard case .set(let elements) = self else { return nil }
    self = .none
    return elements
  }

  fileprivate mutating func takeDict() -> [PickleArena.Pair]? {
    guard case .dict(let pairs) = self else { return nil }
    self = .none
    return pairs
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
