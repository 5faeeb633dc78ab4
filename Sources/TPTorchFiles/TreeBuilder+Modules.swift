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
    var attributes: [String: PickleArena.Handle] = [:]
    for pair in pairs {
      if let name = arena.text(pair.key) { attributes[name] = pair.value }
    }
    guard let parameters = attributes["_parameters"].flatMap({ mapping($0) }),
      let buffers = attributes["_buffers"].flatMap({ mapping($0) }),
      let modules = attributes["_modules"].flatMap({ mapping($0) })
    else { return nil }
    try count(pairs.count, of: call.states[0])
    let hidden = attributes["_non_persistent_buffers_set"].map { names($0) } ?? []
    var saved: [PickleArena.Pair] = []
    var unsaved: [PickleArena.Pair] = []
    for pair in parameters + buffers + modules {
      if case .none = arena[pair.value] { continue }
      saved.append(pair)
    }
    if !hidden.isEmpty {
      let own = Set(buffers.map(\.value))
      let isHidden = { (pair: PickleArena.Pair) in
        own.contains(pair.value) && arena.text(pair.key).map { hidden.contains($0) } == true
      }
      unsaved = saved.filter(isHidden)
      saved.removeAll(where: isHidden)
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

  /// The texts of a set.
  private func names(_ handle: PickleArena.Handle) -> Set<String> {
    var members: [PickleArena.Handle] = []
    switch arena[handle] {
    case .set(let own), .frozenSet(let own): members = own
    case .call(let place):
      let call = arena.calls[place]
      let arguments = arena.tuple(call.arguments) ?? []
      members = (elements(arguments.first) ?? []) + call.elements
    default: break
    }
    return Set(members.compactMap { arena.text($0) })
  }

  /// What is shown otherwise, and hooks that nobody set.
  private func isMachinery(_ pair: PickleArena.Pair) -> Bool {
    guard let name = arena.text(pair.key) else { return false }
    if ["_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"].contains(name) {
      return true
    }
    guard name.hasSuffix("_hooks") || name.hasPrefix("_forward") || name.hasPrefix("_is_full")
    else { return false }
    if case .none = arena[pair.value] { return true }
    return mapping(pair.value)?.isEmpty == true
  }
}
