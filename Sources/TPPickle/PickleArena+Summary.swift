internal import TPBytes

extension PickleArena {
  /// A value in a few words, as Python would print it: containers to a depth of 2, cut at about
  /// `limit` characters, fit for a terminal.
  public func summary(_ handle: Handle, limit: Int = 80) -> String {
    var text = ""
    write(handle, depth: 0, limit, into: &text)
    return text.utf8.count > limit + 16 ? String(text.prefix(limit)) + "…" : text
  }

  private func write(_ handle: Handle, depth: Int, _ limit: Int, into text: inout String) {
    guard text.utf8.count <= limit else { return }
    switch self[handle] {
    case .none: text += "None"
    case .bool(let value): text += value ? "True" : "False"
    case .int(let value): text += String(value)
    case .bigInt(let digits): text += digits.utf8.count > 40 ? digits.prefix(40) + "…" : digits
    case .float(let value): text += "\(value)"
    case .string(let string): text += "'" + printable(string, limit: limit) + "'"
    case .brokenString(let units): text += "a text of \(units.count) UTF-16 units"
    case .bytes(let bytes): text += "\(bytes.count) bytes"
    case .byteArray(let bytes): text += "bytearray of \(bytes.count) bytes"
    case .list(let items): write(items, "[", "]", depth, limit, into: &text)
    case .tuple(let items):
      write(items, "(", items.count == 1 ? ",)" : ")", depth, limit, into: &text)
    case .set(let items), .frozenSet(let items): write(items, "{", "}", depth, limit, into: &text)
    case .dict(let pairs):
      guard depth < 2 else {
        text += "{\(pairs.count) keys}"
        return
      }
      text += "{"
      for (place, pair) in pairs.prefix(4).enumerated() {
        if place > 0 { text += ", " }
        guard text.utf8.count <= limit else {
          text += "…}"
          return
        }
        write(pair.key, depth: depth + 1, limit, into: &text)
        text += ": "
        write(pair.value, depth: depth + 1, limit, into: &text)
      }
      text += pairs.count > 4 ? ", … \(pairs.count) keys}" : "}"
    case .global(let place): text += printable(globals[place].fullName, limit: limit)
    case .call(let place):
      // A result that is called, whose result is called, and so on, a million times.
      guard depth < 4 else {
        text += "…"
        return
      }
      let call = calls[place]
      write(call.callable, depth: depth + 1, limit, into: &text)
      if depth < 2, case .tuple(let arguments) = self[call.arguments] {
        write(arguments, "(", ")", depth, limit, into: &text)
      } else {
        text += "(…)"
      }
    case .persistent(let id):
      text += "persistent "
      write(id, depth: depth + 1, limit, into: &text)
    }
  }

  private func write(
    _ items: [Handle], _ open: String, _ close: String, _ depth: Int, _ limit: Int,
    into text: inout String
  ) {
    guard depth < 3 else {
      text += "\(open)…\(close)"
      return
    }
    text += open
    for (place, item) in items.prefix(8).enumerated() {
      if place > 0 { text += ", " }
      guard text.utf8.count <= limit else {
        text += "…\(close)"
        return
      }
      write(item, depth: depth + 1, limit, into: &text)
    }
    text += items.count > 8 ? ", … \(items.count)\(close)" : close
  }
}

extension PickleArena {
  /// Every value, in the order of their making.
  public var handles: some Sequence<Handle> {
    (0..<nodes.count).lazy.map { Handle(index: Int32(truncatingIfNeeded: $0)) }
  }

  /// Every construction, in the order of the file, even one whose result is dropped.
  public var callHandles: some Sequence<Handle> {
    handles.filter { if case .call = self[$0] { true } else { false } }
  }
}
