internal import TPBytes
internal import TPPickle
internal import TPTensors

/// Turns what a pickle builds into a metadata tree and tensors, one node per object.
///
/// A worklist, not recursion: nesting costs no stack, and a value that contains itself ends.
struct TreeBuilder {
  let arena: PickleArena
  var tree = MetadataTree()
  /// The tensors in the order in which they were found.
  var tensors: [Tensor] = []
  /// The node of each tensor and its place in `tensors`.
  var tensorHandles: [(MetadataTree.Handle, Int)] = []
  var known = KnownObjects()
  var rebuilder: TensorRebuilder
  var keys = KeyIdentities()
  /// The globals' names as Python 3 has them.
  let publicNames: [String]
  /// `_codecs.encode(text)` by the text.
  var encoded: [PickleArena.Handle: [UInt8]] = [:]
  // What was written out in its holder before; doing it again is counted.
  private var spread: [Bool]
  private var spreadCount = 0
  private let limits: ReadLimits
  private var handles: [MetadataTree.Handle?]
  /// Through which value each value was found first, to say where an error is.
  private var parents: [PickleArena.Handle?]
  /// On how long a way each value was found.
  private var depths: [Int32]
  private var pending: [PickleArena.Handle] = []
  private var current: PickleArena.Handle?

  // Persistent ids that stand for a class.
  private var classes: [PickleArena.Handle: PickleArena.Handle] = [:]

  init(
    _ arena: PickleArena, source: ByteRegion, storages: any PersistentSource, limits: ReadLimits
  ) {
    self.arena = arena
    self.limits = limits
    // Python 2's names for what Python 3 calls otherwise.
    let modules = ["__builtin__": "builtins", "copy_reg": "copyreg"]
    publicNames = arena.globals.map { (modules[$0.module] ?? $0.module) + "." + $0.name }
    rebuilder = TensorRebuilder(arena, source: source, storages: storages, limits: limits)
    handles = Array(repeating: nil, count: arena.nodes.count)
    parents = Array(repeating: nil, count: arena.nodes.count)
    depths = Array(repeating: 0, count: arena.nodes.count)
    spread = Array(repeating: false, count: arena.nodes.count)
    for node in arena.nodes {
      guard case .persistent(let id) = node else { continue }
      classes[id] = storages.classHandle(id, in: arena)
    }
  }

  /// A class or function's name, as Python 3 has it.
  func publicName(_ handle: PickleArena.Handle) -> String? {
    switch arena[handle] {
    case .global(let place): publicNames[place]
    case .persistent(let id): classes[id].flatMap { publicName($0) }
    default: nil
    }
  }

  /// Builds the tree of everything that a value leads to.
  mutating func build(_ root: PickleArena.Handle) throws(PortError) -> MetadataTree.Handle {
    let result = child(root)
    while let next = pending.popLast() {
      current = next
      // What is nested a million deep is refused before it is built; `TensorPaths` counts exactly.
      guard Int(depths[Int(next.index)]) / 1_000 <= limits.depth else {
        throw TensorPaths.tooDeep(limits)
      }
      do throws(PortError) {
        let node = try convert(next)
        tree.replace(child(next), with: node)
      } catch {
        let path = path(of: next)
        throw path.isEmpty ? error : error.at(key: path)
      }
    }
    return result
  }

  /// The tree's node for a value; one that is new and may hold others is put on the worklist.
  mutating func child(_ value: PickleArena.Handle) -> MetadataTree.Handle {
    let index = Int(value.index)
    if let known = handles[index] { return known }
    let leaf = leaf(value)
    let handle = tree.add(leaf ?? .none)
    handles[index] = handle
    parents[index] = current
    if let current { depths[index] = depths[Int(current.index)] &+ 1 }
    if leaf == nil { pending.append(value) }
    return handle
  }

  mutating func children(_ values: [PickleArena.Handle]) -> [MetadataTree.Handle] {
    values.map { child($0) }
  }

  mutating func entries(_ pairs: [PickleArena.Pair]) -> [MetadataTree.Entry] {
    keys.merge(pairs, of: arena).map {
      MetadataTree.Entry(key: child($0.key), value: child($0.value))
    }
  }

  /// Counts the contents of a value that are written out once more, in another holder: a list given
  /// to a million constructors would fill the memory. What may be repeated is in proportion to what
  /// the pickle holds.
  mutating func count(_ contents: Int, of value: PickleArena.Handle) throws(PortError) {
    guard spread[Int(value.index)] else {
      spread[Int(value.index)] = true
      return
    }
    spreadCount += contents
    let most = min(limits.objects, 1_000_000 + 4 * arena.nodes.count)
    guard spreadCount <= most else {
      throw PortError(
        .limit, "the same values are repeated more than \(most) times",
        offset: arena.offset(of: value),
        remedy: "the file was made to exhaust its reader; do not trust it")
    }
  }

  /// The node of a value that holds no others, or `nil`.
  private func leaf(_ value: PickleArena.Handle) -> MetadataTree.Node? {
    switch arena[value] {
    case .none: MetadataTree.Node.none
    case .bool(let truth): .bool(truth)
    case .int(let integer): .int(integer)
    case .bigInt(let digits): .bigInt(digits)
    case .float(let number): .float(number)
    case .string(let text): .string(text)
    case .brokenString(let units): .brokenString(units)
    case .bytes(let bytes), .byteArray(let bytes): .bytes(bytes)
    case .global(let place): .global(publicNames[place])
    case .persistent: publicName(value).map { .global($0) }
    case .list, .tuple, .set, .frozenSet, .dict, .call: nil
    }
  }

  private mutating func convert(
    _ value: PickleArena.Handle
  ) throws(PortError) -> MetadataTree.Node {
    switch arena[value] {
    case .list(let elements): return .list(children(elements))
    case .tuple(let elements): return .tuple(children(elements))
    case .set(let elements), .frozenSet(let elements): return .set(children(elements))
    case .dict(let pairs): return .dict(entries(pairs))
    case .persistent(let id): return try persistent(id, value)
    case .call(let place):
      if let rebuilt = try rebuilder.tensor(value) { return try wrap(rebuilt, value) }
      return try object(arena.calls[place], value)
    default: return leaf(value) ?? .none
    }
  }

  /// A storage that belongs to no tensor is a tensor of one dimension, under its class's name.
  private mutating func persistent(
    _ id: PickleArena.Handle, _ value: PickleArena.Handle
  ) throws(PortError) -> MetadataTree.Node {
    switch try rebuilder.storages.value(id, in: arena) {
    case .storage(let typed):
      return try wrapper(
        child(value), typed.className,
        RebuiltTensor(tensor: try typed.flat(limits), kind: .storage))
    case .tensor(let tensor): return try wrap(RebuiltTensor(tensor: tensor), value)
    case .call(let function, let arguments):
      let own = arena.tuple(arguments) ?? []
      try count(own.count, of: arguments)
      return .object(
        className: publicName(function) ?? "(call)", arguments: children(own), fields: [],
        items: [], entries: [])
    }
  }

  private mutating func wrap(
    _ rebuilt: RebuiltTensor, _ value: PickleArena.Handle
  ) throws(PortError) -> MetadataTree.Node {
    guard rebuilt.className != nil || !rebuilt.parts.isEmpty else {
      let place = tensors.count
      tensors.append(rebuilt.tensor)
      tensorHandles.append((child(value), place))
      return .tensor(place)
    }
    return try wrapper(child(value), rebuilt.className ?? "torch.Tensor", rebuilt)
  }

  private mutating func wrapper(
    _ handle: MetadataTree.Handle, _ className: String, _ rebuilt: RebuiltTensor
  ) throws(PortError) -> MetadataTree.Node {
    let place = tensors.count
    tensors.append(rebuilt.tensor)
    let inner = tree.add(.tensor(place))
    tensorHandles.append((inner, place))
    known.wrappers.insert(handle)
    switch rebuilt.kind {
    case .tensor: break
    case .array: known.arrays.insert(place)
    case .storage: known.storages.insert(place)
    }
    var fields = try fields(of: rebuilt.states)
    for part in rebuilt.parts {
      fields.append(
        MetadataTree.Entry(key: tree.add(.string(part.name)), value: child(part.value)))
    }
    return .object(
      className: className, arguments: [inner], fields: fields, items: [], entries: [])
  }

  /// The path by which a value was found, as far as it can be told.
  private func path(of value: PickleArena.Handle) -> String {
    var components: [String] = []
    var text = 0
    var value = value
    while let parent = parents[Int(value.index)], components.count < limits.depth, text < 1 << 16 {
      guard let here = handles[Int(value.index)], let above = handles[Int(parent.index)] else {
        break
      }
      let step = tree.steps(from: above, known).first { $0.target == here }
      let own = step.map { tree.components(of: $0) } ?? []
      text += own.reduce(0) { $0 + $1.utf8.count }
      components += own.reversed()
      value = parent
    }
    return components.reversed().joined(separator: ".")
  }
}
