internal import TPPickle

/// Tells which keys of Python dicts are the same: `1`, `1.0` and `True` are, texts only unit by unit.
///
/// Every key that occurs gets a number once, so that a long text which a million entries share is
/// hashed once.
struct KeyIdentities {
  private enum Identity: Hashable {
    case none
    case int(Int)
    case float(Double)
    case digits(String)
    // Swift's strings are equal when they are canonically equivalent, Python's only when identical.
    case text([UInt8])
    case units([UInt16])
    case bytes([UInt8])
    case tuple([Int])
    case object(PickleArena.Handle)
  }

  /// Tuples nested deeper than this are the same only where they are one object.
  private static let depth = 8
  private var numbers: [Identity: Int] = [:]
  private var known: [PickleArena.Handle: Int] = [:]

  /// The entries of a dict as Python keeps them: of equal keys, the key of the first and the value of
  /// the last.
  mutating func merge(
    _ pairs: [PickleArena.Pair], of arena: PickleArena
  ) -> [(key: PickleArena.Handle, value: PickleArena.Handle)] {
    guard pairs.count > 1 else { return pairs.map { ($0.key, $0.value) } }
    var entries: [(key: PickleArena.Handle, value: PickleArena.Handle)] = []
    entries.reserveCapacity(pairs.count)
    var places: [Int: Int] = [:]
    places.reserveCapacity(pairs.count)
    for pair in pairs {
      let number = number(pair.key, arena, 0)
      if let place = places[number] {
        entries[place].value = pair.value
      } else {
        places[number] = entries.count
        entries.append((pair.key, pair.value))
      }
    }
    return entries
  }

  private mutating func number(
    _ handle: PickleArena.Handle, _ arena: PickleArena, _ depth: Int
  ) -> Int {
    if let number = known[handle] { return number }
    let identity = identity(handle, arena, depth)
    let number = numbers[identity] ?? numbers.count
    numbers[identity] = number
    if depth == 0 { known[handle] = number }
    return number
  }

  private mutating func identity(
    _ handle: PickleArena.Handle, _ arena: PickleArena, _ depth: Int
  ) -> Identity {
    switch arena[handle] {
    case .none: return .none
    case .bool(let value): return .int(value ? 1 : 0)
    case .int(let value): return .int(value)
    case .bigInt(let digits): return .digits(digits)
    case .float(let value):
      if let whole = Int(exactly: value) { return .int(whole) }
      // A NaN equals nothing, but Python's dicts look at identity first.
      return value.isNaN ? .object(handle) : .float(value)
    case .string(let text): return .text(Array(text.utf8))
    case .brokenString(let units): return .units(units)
    case .bytes(let bytes): return .bytes(bytes)
    case .tuple(let elements) where depth < Self.depth && elements.count <= 16:
      var numbers: [Int] = []
      for element in elements { numbers.append(number(element, arena, depth + 1)) }
      return .tuple(numbers)
    default: return .object(handle)
    }
  }
}
