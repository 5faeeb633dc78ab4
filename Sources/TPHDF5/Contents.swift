internal import TPBytes
internal import TPTensors

/// What a walk through a file found.
struct Contents: Sendable {
  /// The datasets of numbers, in the order of the walk.
  var tensors: [TensorRecord] = []
  /// What was left out and why, a sentence each.
  var notRead: [String] = []

  private var values = MetadataTree()
  private var rootEntries: [MetadataTree.Entry] = []
  private var objectEntries: [MetadataTree.Entry] = []
  private var names: Set<String> = []

  /// Adds a tensor.
  ///
  /// - Throws: `PortError` where the name is taken.
  mutating func add(_ record: TensorRecord, at path: String) throws(PortError) {
    guard names.insert(record.name).inserted else {
      throw PortError(
        .malformed, "two datasets stand for one tensor name", record: path, key: record.name)
    }
    tensors.append(record)
  }

  /// Adds the attributes of an object; the root's path is "".
  mutating func add(_ attributes: [Attribute], at path: String) {
    if attributes.isEmpty { return }
    let entries = attributes.map { attribute in
      MetadataTree.Entry(
        key: values.add(.string(attribute.name)), value: values.add(attribute.value))
    }
    if path.isEmpty {
      rootEntries += entries
    } else {
      objectEntries.append(
        .init(key: values.add(.string(path)), value: values.add(.dict(entries))))
    }
  }

  /// Adds the texts of a dataset under its path; where it has attributes, to their dict, under the
  /// empty key, which no attribute has.
  mutating func add(_ texts: Attribute.Value, at path: String) {
    let value = values.add(texts)
    if let own = objectEntries.last, values[own.key] == .string(path),
      case .dict(let attributes) = values[own.value]
    {
      let entry = MetadataTree.Entry(key: values.add(.string("")), value: value)
      // A new dict: what a value holds comes before it, and is held once.
      values.replace(own.value, with: .none)
      objectEntries[objectEntries.count - 1].value = values.add(.dict(attributes + [entry]))
    } else {
      objectEntries.append(.init(key: values.add(.string(path)), value: value))
    }
  }

  /// The text of an attribute of the root.
  func attribute(_ name: String) -> String? {
    for entry in rootEntries where values[entry.key] == .string(name) {
      if case .string(let text) = values[entry.value] { return text }
    }
    return nil
  }

  /// The attributes as one dict.
  func tree() -> MetadataTree {
    var tree = values
    tree.root = tree.add(.dict(rootEntries + objectEntries))
    return tree
  }

  /// Puts the tensors in the order of a JSON list of all their names.
  mutating func sort(by order: String) throws(PortError) {
    let key = "torchport.order"
    var places: [String: Int] = [:]
    let listed: [String]
    do throws(PortError) {
      listed = try JSONValue(parsing: order).array?.compactMap(\.string) ?? []
    } catch {
      throw PortError(error.kind, error.message, key: key)
    }
    for (place, name) in listed.enumerated() { places[name] = place }
    guard listed.count == tensors.count, tensors.allSatisfy({ places[$0.name] != nil }) else {
      throw PortError(.malformed, "does not list the name of each tensor once", key: key)
    }
    tensors.sort { (places[$0.name] ?? 0) < (places[$1.name] ?? 0) }
  }
}

extension MetadataTree {
  /// Adds an attribute's value: itself for a scalar, nested lists for an array.
  fileprivate mutating func add(_ value: Attribute.Value) -> Handle {
    guard let extents = value.extents else {
      return add(value.nodes.first ?? .none)
    }
    return add(value.nodes[...], extents: extents[...])
  }

  private mutating func add(_ nodes: ArraySlice<Node>, extents: ArraySlice<Int>) -> Handle {
    guard let extent = extents.first else { return add(nodes.first ?? .none) }
    if extent == 0 { return add(.list([])) }
    let step = nodes.count / extent
    let items = (0..<extent).map { index in
      add(nodes.dropFirst(index * step).prefix(step), extents: extents.dropFirst())
    }
    return add(.list(items))
  }
}
