internal import TPBytes
internal import TPPickle
internal import TPTensors

// A whole pickled `torch.nn.Module`: an object whose state has the dicts `_parameters`, `_buffers`
// and `_modules`. What `state_dict()` would give is read off them (torch/nn/modules/module.py,
// `_save_to_state_dict`): parameters, then persistent buffers, None left out, then the children.
extension TreeBuilder {
  /// The module that a construction is, or `nil` for any other object.
  ///
  /// Its entries are its state_dict, a level for each child; its fields are its other attributes.
  mutating func module(
    _ className: String, _ call: PickleArena.Call, _ value: PickleArena.Handle
  ) throws(PortError) -> MetadataTree.Node? {
    guard call.items.isEmpty, call.entries.isEmpty, call.elements.isEmpty, call.states.count == 1,
      case .dict(let pairs) = arena[call.states[0]]
    else { return nil }
    var parts: [String: PickleArena.Handle] = [:]
    for pair in pairs {
      if let name = attribute(pair.key), Self.parts.contains(name) { parts[name] = pair.value }
    }
    guard let first = parts["_parameters"], let second = parts["_buffers"],
      let third = parts["_modules"]
    else { return nil }
    try count(pairs.count, of: call.states[0])
    for holder in [first, second, third] { try count(mappingCount(holder) ?? 0, of: holder) }
    guard let parameters = mapping(first), let buffers = mapping(second),
      let modules = mapping(third)
    else { return nil }
    let hidden = try hiddenNames(parts["_non_persistent_buffers_set"])
    var saved: [PickleArena.Pair] = []
    var unsaved: [PickleArena.Pair] = []
    for pair in parameters + buffers + modules {
      if case .none = arena[pair.value] { continue }
      saved.append(pair)
    }
    if !hidden.isEmpty {
      let own = Set(buffers.map(\.value))
      let all = saved
      saved = []
      for pair in all {
        var isHidden = false
        if own.contains(pair.value) {
          isHidden = hidden.contains(keys.number(of: pair.key, in: arena))
        }
        if isHidden { unsaved.append(pair) } else { saved.append(pair) }
      }
    }
    known.modules.insert(child(value))
    var fields = entries(pairs.filter { !isMachinery($0) })
    if !unsaved.isEmpty {
      fields.append(
        MetadataTree.Entry(
          key: tree.add(.string("_non_persistent_buffers")),
          value: tree.add(.dict(entries(unsaved)))
        ))
    }
    return .object(
      className: className, arguments: [], fields: fields, items: [], entries: entries(saved))
  }

  /// The pairs of a dict or OrderedDict.
  private func mapping(_ handle: PickleArena.Handle) -> [PickleArena.Pair]? {
    switch arena[handle] {
    case .dict(let pairs): return pairs
    case .call(let place):
      let call = arena.calls[place]
      guard publicName(call.callable) == "collections.OrderedDict", call.items.isEmpty,
        let arguments = arena.tuple(call.arguments), arguments.count <= 1,
        let initial = pairs(arguments.first)
      else { return nil }
      return initial + call.entries
    default: return nil
    }
  }

  /// The numbers that `KeyIdentities` gives to the members of a set.
  private mutating func hiddenNames(_ handle: PickleArena.Handle?) throws(PortError) -> Set<Int> {
    guard let handle else { return [] }
    var members: [PickleArena.Handle] = []
    switch arena[handle] {
    case .set(let own), .frozenSet(let own): members = own
    case .call(let place):
      let call = arena.calls[place]
      let arguments = arena.tuple(call.arguments) ?? []
      members = (elements(arguments.first) ?? []) + call.elements
    default: break
    }
    try count(members.count, of: handle)
    var numbers: Set<Int> = []
    for member in members { numbers.insert(keys.number(of: member, in: arena)) }
    return numbers
  }

  /// The attributes that hold what a module has, in the order in which it is saved.
  private static let parts = ["_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"]

  /// The name of an attribute, unless it is none that is looked for: a long text may be the key of a
  /// million entries.
  private func attribute(_ key: PickleArena.Handle) -> String? {
    arena.text(key).flatMap { $0.utf8.count <= 64 ? $0 : nil }
  }

  /// What is shown otherwise, and hooks that nobody set.
  private func isMachinery(_ pair: PickleArena.Pair) -> Bool {
    guard let name = attribute(pair.key) else { return false }
    if Self.parts.contains(name) { return true }
    guard name.hasSuffix("_hooks") || name.hasPrefix("_forward") || name.hasPrefix("_is_full")
    else { return false }
    if case .none = arena[pair.value] { return true }
    return mappingCount(pair.value) == 0
  }

  /// How many pairs `mapping` would copy; `nil` for what is no mapping.
  private func mappingCount(_ handle: PickleArena.Handle) -> Int? {
    switch arena[handle] {
    case .dict(let pairs): return pairs.count
    case .call(let place):
      let call = arena.calls[place]
      guard publicName(call.callable) == "collections.OrderedDict", call.items.isEmpty,
        let arguments = arena.tuple(call.arguments), arguments.count <= 1
      else { return nil }
      guard let initial = arguments.first else { return call.entries.count }
      return pairCount(initial).map { $0 + call.entries.count }
    default: return nil
    }
  }
}
