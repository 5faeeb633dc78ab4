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

  private var numbers: [Identity: Int] = [:]
  /// The number of each value of the arena, -1 where it has none yet.
  private var known: [Int] = []
  /// By number: the dict in which the key was met last, and its place there.
  private var places: [(dict: Int, place: Int)] = []
  private var dicts = 0

  /// The entries of a dict as Python keeps them: of equal keys, the key of the first and the value of
  /// the last.
  ///
  /// - Parameter arena: the same at every call.
  mutating func merge(
    _ pairs: [PickleArena.Pair], of arena: PickleArena
  ) -> [(key: PickleArena.Handle, value: PickleArena.Handle)] {
    guard pairs.count > 1 else { return pairs.map { ($0.key, $0.value) } }
    dicts += 1
    var entries: [(key: PickleArena.Handle, value: PickleArena.Handle)] = []
    entries.reserveCapacity(pairs.count)
    for pair in pairs {
      let number = number(of: pair.key, in: arena)
      if places[number].dict == dicts {
        entries[places[number].place].value = pair.value
      } else {
        places[number] = (dicts, entries.count)
        entries.append((pair.key, pair.value))
      }
    }
    return entries
  }

  /// A number that equal keys share.
  ///
  /// A tuple's number is that of its elements' numbers, which come first. Its elements are older
  /// than itself, so this ends, and each value is numbered once however many tuples share it.
  ///
  /// - Parameter arena: the same at every call.
  mutating func number(of handle: PickleArena.Handle, in arena: PickleArena) -> Int {
    if known.isEmpty { known = Array(repeating: -1, count: arena.nodes.count) }
    var pending = [handle]
    while let next = pending.last {
      if known[Int(next.index)] < 0 {
        if case .tuple(let elements) = arena[next] {
          let new = elements.filter { known[Int($0.index)] < 0 }
          guard new.isEmpty else {
            pending += new
            continue
          }
        }
        known[Int(next.index)] = number(of: identity(next, arena))
      }
      pending.removeLast()
    }
    return known[Int(handle.index)]
  }

  private mutating func number(of identity: Identity) -> Int {
    let number = KeyIdentities.value(&numbers[identity, default: places.count])
    if number == places.count { places.append((0, 0)) }
    return number
  }

  /// Makes an entry and finds it in one search, where reading and then setting would take two.
  private static func value(_ entry: inout Int) -> Int { entry }

  private func identity(_ handle: PickleArena.Handle, _ arena: PickleArena) -> Identity {
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
    case .tuple(let elements): return .tuple(elements.map { known[Int($0.index)] })
    default: return .object(handle)
    }
  }
}
