import TPBytes
import TPPickle

/// The line that fixtures/torch-files/describe.py writes of the same value.
func describe(_ handle: PickleArena.Handle, in arena: PickleArena) -> String {
  func list(_ handles: [PickleArena.Handle]) -> String {
    handles.map { describe($0, in: arena) }.joined(separator: ", ")
  }
  func sorted(_ handles: [PickleArena.Handle]) -> String {
    handles.map { describe($0, in: arena) }.sorted().joined(separator: ", ")
  }
  func pairs(_ entries: [PickleArena.Pair], _ open: String, _ middle: String, _ close: String)
    -> String
  {
    entries.map {
      open + describe($0.key, in: arena) + middle + describe($0.value, in: arena) + close
    }.joined(separator: ", ")
  }
  func units(_ units: some Sequence<UInt16>) -> String {
    "s:" + hexadecimal(units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] })
  }
  switch arena[handle] {
  case .none: return "None"
  case .bool(let value): return value ? "True" : "False"
  case .int(let value): return String(value)
  case .bigInt(let digits): return digits
  case .float(let value):
    let digits = String(value.bitPattern, radix: 16)
    return "f:" + String(repeating: "0", count: 16 - digits.count) + digits
  case .string(let text): return units(text.utf16)
  case .brokenString(let own): return units(own)
  case .bytes(let bytes): return "b:" + hexadecimal(bytes)
  case .byteArray(let bytes): return "B:" + hexadecimal(bytes)
  case .list(let elements): return "[" + list(elements) + "]"
  case .tuple(let elements): return "(" + list(elements) + ")"
  case .set(let elements): return "set{" + sorted(elements) + "}"
  case .frozenSet(let elements): return "frozenset{" + sorted(elements) + "}"
  case .dict(let entries): return "{" + pairs(entries, "", ": ", "") + "}"
  case .persistent(let id): return "persistent(" + describe(id, in: arena) + ")"
  case .global(let place): return arena.globals[place].fullName
  case .call(let place):
    let call = arena.calls[place]
    var parts = [describe(call.arguments, in: arena)]
    if let keywords = call.keywords { parts.append(describe(keywords, in: arena)) }
    if !call.states.isEmpty { parts.append("states[" + list(call.states) + "]") }
    if !call.items.isEmpty { parts.append("items[" + list(call.items) + "]") }
    if !call.entries.isEmpty {
      parts.append("entries[" + pairs(call.entries, "(", ", ", ")") + "]")
    }
    if !call.elements.isEmpty { parts.append("elements[" + list(call.elements) + "]") }
    return describe(call.callable, in: arena) + "(" + parts.joined(separator: ", ") + ")"
  }
}

/// The bytes of hexadecimal digits.
func bytes(_ digits: String) -> [UInt8] {
  let digits = Array(digits)
  return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
    UInt8(String(digits[$0...$0 + 1]), radix: 16)
  }
}

/// The error that a pickle ends in, or `nil`.
func failure(_ bytes: [UInt8], limits: ReadLimits = ReadLimits()) -> PortError? {
  do throws(PortError) {
    _ = try PickleMachine.run(bytes.span.bytesView, limits: limits)
    return nil
  } catch {
    return error
  }
}
