extension MetadataTree {
  /// The trees of several parts of a file in one, and the root of each there.
  ///
  /// - Parameter parts: each tree, with how many tensors and arrays belong to it. The tensors of the
  ///   whole are those of the parts in order, then come all arrays: see `Checkpoint.record(at:)`.
  public static func joined(
    _ parts: [(tree: MetadataTree, tensors: Int, arrays: Int)]
  ) -> (tree: MetadataTree, roots: [Handle?]) {
    var tree = MetadataTree()
    var roots: [Handle?] = []
    var tensorsBefore = 0
    var arraysBefore = parts.reduce(0) { $0 + $1.tensors }
    for part in parts {
      roots.append(
        tree.graft(part.tree) {
          $0 < part.tensors ? $0 + tensorsBefore : $0 - part.tensors + arraysBefore
        })
      tensorsBefore += part.tensors
      arraysBefore += part.arrays
    }
    return (tree, roots)
  }

  /// Adds the values of another tree and returns its root among them.
  ///
  /// - Parameter place: the new place of a tensor, by its old one.
  package mutating func graft(_ other: MetadataTree, tensors place: (Int) -> Int) -> Handle? {
    let base = Int32(clamping: nodes.count)
    let move = { (handle: Handle) in Handle(index: handle.index &+ base) }
    let moveEntry = { (entry: Entry) in Entry(key: move(entry.key), value: move(entry.value)) }
    for node in other.nodes {
      switch node {
      case .list(let own): _ = add(.list(own.map(move)))
      case .tuple(let own): _ = add(.tuple(own.map(move)))
      case .set(let own): _ = add(.set(own.map(move)))
      case .dict(let own): _ = add(.dict(own.map(moveEntry)))
      case .tensor(let old): _ = add(.tensor(place(old)))
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
