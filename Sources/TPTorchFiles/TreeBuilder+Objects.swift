internal import TPBytes
internal import TPPickle
internal import TPTensors

// Constructions that stay data. A few of the standard library's are what they build; everything
// else is an object under its class's name, with all that was given to it.
extension TreeBuilder {
  mutating func object(
    _ call: PickleArena.Call, _ value: PickleArena.Handle
  ) throws(PortError) -> MetadataTree.Node {
    var arguments = arena.tuple(call.arguments) ?? []
    try count(arguments.count, of: call.arguments)
    var name: String
    if let global = publicName(call.callable) {
      name = global
    } else {
      // Nothing is lost: what would be called stands before the arguments.
      name = "(call)"
      arguments.insert(call.callable, at: 0)
    }
    switch name {
    case "copyreg._reconstructor" where arguments.count == 3:
      guard let type = publicName(arguments[0]) else { break }
      name = type
      arguments = publicName(arguments[1]) == "builtins.object" ? [] : [arguments[2]]
    case "copyreg.__newobj__":
      guard let first = arguments.first, let type = publicName(first) else { break }
      name = type
      arguments.removeFirst()
    default: break
    }
    if let known = try known(name, arguments, call) { return known }
    if let module = try module(name, call, value) { return module }
    var own = children(arguments)
    if let keywords = call.keywords { own.append(child(keywords)) }
    return .object(
      className: name, arguments: own, fields: try fields(of: call.states),
      items: children(call.items + call.elements), entries: entries(call.entries))
  }

  /// What a class of the standard library builds, or `nil` for one that stays an object.
  private mutating func known(
    _ name: String, _ arguments: [PickleArena.Handle], _ call: PickleArena.Call
  ) throws(PortError) -> MetadataTree.Node? {
    guard call.keywords == nil, call.items.isEmpty else { return nil }
    if name == "collections.OrderedDict", call.elements.isEmpty {
      return try orderedDict(arguments, call)
    }
    guard call.states.isEmpty, call.entries.isEmpty else { return nil }
    switch name {
    case "builtins.set", "builtins.frozenset":
      guard arguments.count <= 1, let initial = elements(arguments.first) else { return nil }
      if let first = arguments.first { try count(initial.count, of: first) }
      return .set(children(initial + call.elements))
    case "_codecs.encode", "builtins.bytes", "builtins.bytearray":
      guard call.elements.isEmpty else { return nil }
      return bytes(arguments).map { .bytes($0) }
    case "torch.Size":
      guard arguments.count == 1, call.elements.isEmpty, let extents = elements(arguments[0])
      else { return nil }
      try count(extents.count, of: arguments[0])
      return .tuple(children(extents))
    case "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_doublelist",
      "torch.jit._pickle.build_boollist", "torch.jit._pickle.build_tensorlist":
      guard arguments.count == 1, let own = elements(arguments[0]) else { return nil }
      try count(own.count, of: arguments[0])
      return .list(children(own))
    case "torch.jit._pickle.restore_type_tag":
      // (value, type): an empty list does not tell what it is a list of.
      guard arguments.count == 2 else { return nil }
      switch arena[arguments[0]] {
      case .list(let own):
        try count(own.count, of: arguments[0])
        return .list(children(own))
      case .dict(let pairs):
        try count(pairs.count, of: arguments[0])
        return .dict(entries(pairs))
      default: return nil
      }
    case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar":
      return rebuilder.numPy.scalar(call)
    default: return nil
    }
  }

  /// A dict; with attributes (`state_dict()._metadata`) an object of that class with entries.
  private mutating func orderedDict(
    _ arguments: [PickleArena.Handle], _ call: PickleArena.Call
  ) throws(PortError) -> MetadataTree.Node? {
    guard arguments.count <= 1 else { return nil }
    if let first = arguments.first { try count(pairCount(first) ?? 0, of: first) }
    guard let initial = pairs(arguments.first) else { return nil }
    let entries = entries(initial + call.entries)
    let fields = try fields(of: call.states)
    if fields.isEmpty { return .dict(entries) }
    return .object(
      className: "collections.OrderedDict", arguments: [], fields: fields, items: [],
      entries: entries)
  }

  /// The attributes that a state gives an object: a dict, or a dict for `__dict__` and one for slots.
  /// A state of another form is what `__setstate__` would get; it stands under `<_state>`.
  mutating func fields(
    of states: [PickleArena.Handle]
  ) throws(PortError) -> [MetadataTree.Entry] {
    var result: [MetadataTree.Entry] = []
    for state in states { result += try fields(of: state) }
    return result
  }

  private mutating func fields(
    of state: PickleArena.Handle
  ) throws(PortError) -> [MetadataTree.Entry] {
    switch arena[state] {
    case .none: return []
    case .dict(let pairs):
      try count(pairs.count, of: state)
      return entries(pairs)
    case .tuple(let parts) where parts.count == 2:
      guard let own = attributes(parts[0]), let slots = attributes(parts[1]) else { break }
      try count(own.count, of: parts[0])
      try count(slots.count, of: parts[1])
      return entries(own) + entries(slots)
    default: break
    }
    // A tensor that is wrapped again and again has the states of the innermost each time.
    try count(1, of: state)
    return [MetadataTree.Entry(key: tree.add(.string("<_state>")), value: child(state))]
  }

  private func attributes(_ part: PickleArena.Handle) -> [PickleArena.Pair]? {
    switch arena[part] {
    case .none: []
    case .dict(let pairs): pairs
    default: nil
    }
  }

  func elements(_ argument: PickleArena.Handle?) -> [PickleArena.Handle]? {
    guard let argument else { return [] }
    return switch arena[argument] {
    case .list(let own), .tuple(let own), .set(let own), .frozenSet(let own): own
    default: nil
    }
  }

  /// How many values `pairs` looks at; `nil` for what cannot hold pairs.
  func pairCount(_ argument: PickleArena.Handle) -> Int? {
    if case .dict(let pairs) = arena[argument] { return pairs.count }
    return elements(argument)?.count
  }

  /// The pairs that Python 2 gives `OrderedDict` as a list, or the dict that may stand there.
  func pairs(_ argument: PickleArena.Handle?) -> [PickleArena.Pair]? {
    guard let argument else { return [] }
    if case .dict(let pairs) = arena[argument] { return pairs }
    guard let elements = elements(argument) else { return nil }
    var pairs: [PickleArena.Pair] = []
    for element in elements {
      guard let parts = self.elements(element), parts.count == 2 else { return nil }
      pairs.append(PickleArena.Pair(key: parts[0], value: parts[1]))
    }
    return pairs
  }

  /// `bytes` as protocols 0 to 2 write them: `_codecs.encode(text, 'latin1')`, or `bytes()`; a
  /// `bytearray` is made of one of these.
  private mutating func bytes(_ arguments: [PickleArena.Handle]) -> [UInt8]? {
    guard let first = arguments.first else { return [] }
    if arguments.count == 1 {
      switch arena[first] {
      case .bytes(let bytes), .byteArray(let bytes): return bytes
      case .call(let place):
        let call = arena.calls[place]
        guard publicName(call.callable) == "_codecs.encode",
          let inner = arena.tuple(call.arguments),
          inner.count == 2
        else { return nil }
        return bytes(inner)
      default: return nil
      }
    }
    let names = ["latin1", "latin-1", "iso-8859-1"]
    guard arguments.count == 2, let text = arena.string(first),
      let encoding = arena.string(arguments[1]), encoding.utf8.count <= 16,
      names.contains(encoding.lowercased())
    else { return nil }
    if let known = encoded[first] { return known }
    let bytes = latin1(text)
    encoded[first] = bytes
    return bytes
  }
}
