extension MetadataTree {
  /// Adds the values of another tree and returns its root among them.
  ///
  /// - Parameter count: what is added to the places of the other tree's tensors.
  public mutating func graft(_ other: MetadataTree, movingTensorsBy count: Int) -> Handle? {
    let base = Int32(clamping: nodes.count)
    let move = { (handle: Handle) in Handle(index: handle.index &+ base) }
    let moveEntry = { (entry: Entry) in Entry(key: move(entry.key), value: move(entry.value)) }
    for node in other.nodes {
      switch node {
      case .list(let own): _ = add(.list(own.map(move)))
      case .tuple(let own): _ = add(.tuple(own.map(move)))
      case .set(let own): _ = add(.set(own.map(move)))
      case .dict(let own): _ = add(.dict(own.map(moveEntry)))
      case .tensor(let place): _ = add(.tensor(place + count))
      case .object(let className, let arguments, let fields, let items, let entries):
        _ = add(
          .object(
            className: className, arguments: arguments.map(move), fields: fields.map(moveEntry),
            items: items.map(move), entries: entries.map(moveEntry)))
      default: _ = add(node)
      }
    }
    return other.root.map(move)
  }

  /// Sets a field of an object, or a key of a mapping; nothing else can hold one.
  public mutating func attach(_ value: Handle, to holder: Handle, under name: String) {
    let entry = Entry(key: add(.string(name)), value: value)
    switch self[holder] {
    case .dict(let entries): replace(holder, with: .dict(entries + [entry]))
    case .object(let className, let arguments, let fields, let items, let entries):
      replace(
        holder,
        with: .object(
          className: className, arguments: arguments, fields: fields + [entry], items: items,
          entries: entries))
    default: break
    }
  }
}
