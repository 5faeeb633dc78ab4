/// What a pickle builds: values in one array that refer to each other by handle.
///
/// A handle stands for an object, as a reference does in Python: a list that was memoised while it
/// was empty and filled later is full under every name, and a list may contain itself. Nothing is
/// imported or called; what a `REDUCE` would have called stays a ``Call``.
public struct PickleArena: Sendable {
  /// A reference to a value of this arena.
  public struct Handle: Hashable, Sendable {
    package let index: Int32
  }

  /// A key and the value that was set under it.
  public struct Pair: Hashable, Sendable {
    /// The key.
    public let key: Handle
    /// The value.
    public let value: Handle

    package init(key: Handle, value: Handle) {
      self.key = key
      self.value = value
    }
  }

  /// A value.
  public enum Node: Hashable, Sendable {
    /// `None`.
    case none
    /// `True` or `False`.
    case bool(Bool)
    /// An integer that fits 64 bits.
    case int(Int)
    /// Any other integer, in decimal digits.
    case bigInt(String)
    /// A number.
    case float(Double)
    /// A text, or a Python 2 `str` that is UTF-8.
    case string(String)
    /// A text that holds surrogates, which Unicode text cannot: its UTF-16 units.
    case brokenString([UInt16])
    /// A `bytes`, or a Python 2 `str` that is not UTF-8.
    case bytes([UInt8])
    /// A `bytearray`.
    case byteArray([UInt8])
    /// A list.
    case list([Handle])
    /// A tuple.
    case tuple([Handle])
    /// A set, in the order of the file, with repetitions.
    case set([Handle])
    /// A frozenset, in the order of the file, with repetitions.
    case frozenSet([Handle])
    /// A dict: every setting of a key in the order of the file, the last of equal keys counting.
    case dict([Pair])
    /// A class or function by name: its place in ``PickleArena/globals``.
    case global(at: Int)
    /// Something that Python would construct: its place in ``PickleArena/calls``.
    case call(at: Int)
    /// An object that the container keeps, known by its persistent id.
    case persistent(Handle)

    /// What a sentence calls it.
    public var kind: String {
      switch self {
      case .none: "None"
      case .bool: "a bool"
      case .int, .bigInt: "an integer"
      case .float: "a float"
      case .string, .brokenString: "a text"
      case .bytes: "bytes"
      case .byteArray: "a bytearray"
      case .list: "a list"
      case .tuple: "a tuple"
      case .set: "a set"
      case .frozenSet: "a frozenset"
      case .dict: "a dict"
      case .global: "a class or function"
      case .call: "an object"
      case .persistent: "a persistent object"
      }
    }
  }

  /// A class or function that a pickle names.
  public struct Global: Hashable, Sendable {
    /// The module, as written.
    public let module: String
    /// The name in it, as written; may hold dots.
    public let name: String
    /// How many opcodes name it.
    public internal(set) var count: Int
    /// Where the first of them is: bytes from the start of what the machine was given.
    public let firstOffset: Int

    /// Module and name joined by a dot.
    public let fullName: String
  }

  /// A construction that Python would carry out, and what was put into the object after it.
  public struct Call: Hashable, Sendable {
    /// The opcode that asks for it.
    public enum Kind: Hashable, Sendable { case reduce, newObj, newObjEx, obj, inst }

    /// The opcode that asks for it.
    public let kind: Kind
    /// What would be called: a global, or the result of another call.
    public let callable: Handle
    /// Its arguments; always a tuple.
    public let arguments: Handle
    /// Its keyword arguments, of `NEWOBJ_EX`; always a dict.
    public let keywords: Handle?
    /// The states that `BUILD` sets, in order; seldom more than one.
    public internal(set) var states: [Handle] = []
    /// What `APPEND` and `APPENDS` add.
    public internal(set) var items: [Handle] = []
    /// What `SETITEM` and `SETITEMS` set.
    public internal(set) var entries: [Pair] = []
    /// What `ADDITEMS` adds.
    public internal(set) var elements: [Handle] = []
  }

  /// The values in the order of their making, those that were dropped again included.
  public private(set) var nodes: [Node] = []
  /// Every construction, even one whose result is dropped.
  public private(set) var calls: [Call] = []
  /// The classes and functions that are named, in order of first occurrence.
  public private(set) var globals: [Global] = []
  private var offsets: [UInt32] = []
  private var globalHandles: [GlobalName: Handle] = [:]
  // By the texts that STACK_GLOBAL took, so that a long name is not hashed at every use.
  private var stackGlobals: [Pair: Handle] = [:]
  private let base: Int

  /// An empty arena; `base` is where the pickle begins.
  init(base: Int) {
    self.base = base
  }

  /// The value of a handle.
  public subscript(handle: Handle) -> Node { nodes[Int(handle.index)] }

  /// The construction behind a handle, where it is one.
  public func call(_ handle: Handle) -> Call? {
    if case .call(let place) = self[handle] { calls[place] } else { nil }
  }

  /// The class or function behind a handle, where it is one.
  public func global(_ handle: Handle) -> Global? {
    if case .global(let place) = self[handle] { globals[place] } else { nil }
  }

  /// The text behind a handle, where it is one.
  public func string(_ handle: Handle) -> String? {
    if case .string(let text) = self[handle] { text } else { nil }
  }

  /// The integer behind a handle, where it is one that fits 64 bits.
  public func int(_ handle: Handle) -> Int? {
    if case .int(let value) = self[handle] { value } else { nil }
  }

  /// The elements behind a handle, where it is a tuple.
  public func tuple(_ handle: Handle) -> [Handle]? {
    if case .tuple(let elements) = self[handle] { elements } else { nil }
  }

  /// What was built, in values: a construction counts as three, and a class or function, of which a
  /// checkpoint names a few dozen, as nine, for what it costs to keep and to judge.
  package var valueCount: Int { nodes.count + 2 * calls.count + 8 * globals.count }

  /// Where the opcode that made a value is: bytes from the start of what the machine was given.
  public func offset(of handle: Handle) -> Int { base + Int(offsets[Int(handle.index)]) }

  // The machine checks the number of nodes before it adds one.
  mutating func add(_ node: Node, at offset: Int) -> Handle {
    let handle = Handle(index: Int32(truncatingIfNeeded: nodes.count))
    nodes.append(node)
    offsets.append(UInt32(clamping: offset - base))
    return handle
  }

  mutating func add(_ call: Call, at offset: Int) -> Handle {
    calls.append(call)
    return add(.call(at: calls.count - 1), at: offset)
  }

  mutating func set(_ node: Node, at handle: Handle) {
    nodes[Int(handle.index)] = node
  }

  /// Changes a value where it lies.
  mutating func take<T>(_ handle: Handle, _ body: (inout Node) -> T) -> T {
    body(&nodes[Int(handle.index)])
  }

  mutating func change(call place: Int, _ body: (inout Call) -> Void) {
    body(&calls[place])
  }

  /// The global that the texts of a module and a name made before, once more.
  mutating func knownGlobal(_ texts: Pair) -> Handle? {
    guard let known = stackGlobals[texts], case .global(let place) = self[known] else { return nil }
    globals[place].count += 1
    return known
  }

  /// Finds a global by the same two texts from now on.
  mutating func remember(_ global: Handle, as texts: Pair) {
    stackGlobals[texts] = global
  }

  /// One node per name, however often it is named.
  mutating func addGlobal(module: String, name: String, at offset: Int) -> Handle {
    let full = GlobalName(module: module, name: name)
    if let known = globalHandles[full], case .global(let place) = self[known] {
      globals[place].count += 1
      return known
    }
    globals.append(
      Global(
        module: module, name: name, count: 1, firstOffset: offset, fullName: module + "." + name))
    let handle = add(.global(at: globals.count - 1), at: offset)
    globalHandles[full] = handle
    return handle
  }
}
