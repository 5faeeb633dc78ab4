internal import TPBytes
internal import TPTensors

/// The object that a PyTorch file of a weight file's contents holds: the state_dict, an
/// `OrderedDict`, or, where other parts are kept, the checkpoint's dict with it in its place.
///
/// The attribute `_metadata` of the state_dict is what PyTorch put there; `_torchport`, a dict of
/// texts, says what the other formats say under `torchport.KEY`. `load_state_dict` looks at the first
/// and passes over the second.
struct TorchContents {
  /// The object.
  private(set) var tree: MetadataTree
  /// The tensors by their places in the tree.
  let tensors: [TensorRecord]

  /// Facts that such a file shows by itself.
  private static let redundant: Set<String> = ["aliases", "kept", "module_metadata", "order"]

  init(_ contents: WeightFile) {
    tensors = contents.tensors.entries.map { TensorRecord(path: [$0.name], tensor: $0.tensor) }
    tree = contents.kept?.tree ?? MetadataTree()
    let kept = contents.kept?.names ?? []
    if !kept.isEmpty {
      var places: [String: Int] = [:]
      for (place, name) in contents.tensors.names.enumerated() { places[name] = place }
      for place in tree.nodes.indices {
        let handle = MetadataTree.Handle(index: Int32(clamping: place))
        guard case .tensor(let number) = tree[handle], kept.indices.contains(number),
          let own = places[kept[number]]
        else { continue }
        tree.replace(handle, with: .tensor(own))
      }
    }
    let names = Set(kept)
    var entries: [MetadataTree.Entry] = []
    for (place, name) in contents.tensors.names.enumerated() where !names.contains(name) {
      let key = tree.add(.string(name))
      entries.append(.init(key: key, value: tree.add(.tensor(place))))
    }
    let model = MetadataTree.Node.object(
      className: "collections.OrderedDict", arguments: [], fields: attributes(contents), items: [],
      entries: entries)
    if let place = contents.kept?.model {
      tree.replace(place, with: model)
    } else {
      tree.root = tree.add(model)
    }
  }

  private mutating func attributes(_ contents: WeightFile) -> [MetadataTree.Entry] {
    var fields: [MetadataTree.Entry] = []
    if let metadata = contents.moduleMetadata, let root = tree.graft(metadata, tensors: { $0 }) {
      fields.append(.init(key: tree.add(.string("_metadata")), value: root))
    }
    var facts = contents.facts.filter { !Self.redundant.contains($0.key) }
    if facts.isEmpty { return fields }
    let digests = contents.digests.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    facts["digests"] = JSONValue.object(digests.map { .init($0.key, .string($0.value)) }).text()
    var entries: [MetadataTree.Entry] = []
    for fact in facts.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      let key = tree.add(.string(fact.key))
      entries.append(.init(key: key, value: tree.add(.string(fact.value))))
    }
    fields.append(.init(key: tree.add(.string("_torchport")), value: tree.add(.dict(entries))))
    return fields
  }
}
