public import TPBytes
public import TPTensors

extension Checkpoint {
  /// The facts that we wrote into a file, by their keys without `torchport.`.
  ///
  /// They are texts of the root, or, in a PyTorch file, of the dict `_torchport` among the attributes
  /// of the model's state_dict.
  var writtenFacts: [String: String] {
    var facts: [String: String] = [:]
    guard let root = metadata.root else { return facts }
    var holders = [root]
    if case .dict(let entries) = metadata[root] {
      for entry in entries {
        if case .string(let key) = metadata[entry.key], key.hasPrefix("torchport."),
          case .string(let text) = metadata[entry.value]
        {
          facts[String(key.dropFirst(10))] = text
        }
        holders.append(entry.value)
      }
    }
    for holder in holders {
      guard case .object("collections.OrderedDict", _, let fields, _, _) = metadata[holder],
        let own = fields.first(where: { metadata[$0.key] == .string("_torchport") })?.value,
        case .dict(let entries) = metadata[own]
      else { continue }
      for entry in entries {
        guard case .string(let key) = metadata[entry.key],
          case .string(let text) = metadata[entry.value], facts[key] == nil
        else { continue }
        facts[key] = text
      }
      break
    }
    return facts
  }

  /// The parts of a training's dict, in order: what its root holds, without what we wrote about the
  /// weights and, in HDF5, the attributes of datasets.
  public var parts: [(key: String, entry: MetadataTree.Entry)] {
    guard let root = metadata.root, case .dict(let entries) = metadata[root] else { return [] }
    return entries.map { (metadata.pathComponent($0.key), $0) }.filter { key, _ in
      !key.hasPrefix("torchport.") && !(container == .hdf5 && key.utf8.first == UInt8(ascii: "/"))
    }
  }

  /// The checkpoint as it was before the weight file was made: where the fact `kept` tells of an
  /// optimizer, a scheduler or a history, the dict that held them and the model, its tensors under
  /// their paths there. The texts of the file stay beside them.
  ///
  /// - Throws: `PortError` naming the fact where it is broken or contradicts the tensors.
  func withKeptParts() throws(PortError) -> Checkpoint {
    guard let root = metadata.root, case .dict(let facts) = metadata[root],
      case .string(let text) = metadata.node(at: "torchport.kept")
    else { return self }
    let key = "torchport.kept"
    var places: [String: Int] = [:]
    for (place, record) in tensors.enumerated() { places[record.name] = place }
    var decoder = TreeDecoder(adding: metadata, places: places, key: key)
    let dict = try decoder.value(text)
    guard let model = decoder.model, case .dict(let parts) = decoder.tree[dict],
      !model.path.isEmpty
    else {
      throw PortError(.malformed, "is not a dict in which the model has a place", key: key)
    }
    var restored = self
    var entries: [MetadataTree.Entry] = []
    for (place, record) in tensors.enumerated() {
      if let path = decoder.tensors[record.name] {
        restored.tensors[place].path = path
      } else {
        restored.tensors[place].path = model.path + [record.name]
        let name = decoder.tree.add(.string(record.name))
        entries.append(.init(key: name, value: decoder.tree.add(.tensor(place))))
      }
    }
    decoder.tree.replace(
      model.handle,
      with: .object(
        className: "collections.OrderedDict", arguments: [],
        fields: try moduleMetadata(in: &decoder), items: [], entries: entries))
    restored.metadata = decoder.tree
    restored.metadata.root = restored.metadata.add(.dict(parts + facts))
    return restored
  }

  private func moduleMetadata(
    in decoder: inout TreeDecoder
  ) throws(PortError) -> [MetadataTree.Entry] {
    guard case .string(let text) = metadata.node(at: "torchport.module_metadata") else { return [] }
    var other = TreeDecoder(adding: decoder.tree, places: [:], key: "torchport.module_metadata")
    let value = try other.value(text)
    decoder.tree = other.tree
    return [.init(key: decoder.tree.add(.string("_metadata")), value: value)]
  }

  /// PyTorch's `_metadata` of the state_dict under a key, or of the file's root: the names of the
  /// modules and their versions, as the root of a tree; `nil` where the file does not say.
  ///
  /// - Throws: `PortError` where the file says it in a text that is broken.
  public func moduleMetadata(under container: String?) throws(PortError) -> MetadataTree? {
    let holder = container.map { metadata.value(at: $0) } ?? metadata.root
    if let holder, case .object(_, _, let fields, _, _) = metadata[holder],
      let own = fields.first(where: { metadata[$0.key] == .string("_metadata") })?.value
    {
      var copy = PlainCopy(of: metadata)
      copy.tree.root = copy.copy(own, path: ["_metadata"])
      // A tensor is no version of a module.
      return copy.tensors.isEmpty && copy.dropped.isEmpty ? copy.tree : nil
    }
    guard container == nil, case .string(let text) = metadata.node(at: "torchport.module_metadata")
    else { return nil }
    var decoder = TreeDecoder(
      adding: MetadataTree(), places: [:], key: "torchport.module_metadata")
    let root = try decoder.value(text)
    decoder.tree.root = root
    return decoder.tree
  }
}

extension KeptParts {
  /// The fact `kept`.
  ///
  /// - Throws: `PortError` for values nested too deep.
  public var text: String {
    get throws(PortError) {
      guard let root = tree.root else { return "{\"dict\":[]}" }
      return try tree.text(of: root, names: names, model: model)
    }
  }
}

extension MetadataTree {
  /// The root as the text of a fact, for values without tensors.
  ///
  /// - Throws: `PortError` for values nested too deep, or a tensor.
  public var factText: String {
    get throws(PortError) {
      guard let root else { return "null" }
      return try text(of: root, names: [])
    }
  }
}
