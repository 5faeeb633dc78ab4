/// Copies values of a metadata tree into a new one and leaves out what is not plain
/// (`MetadataTree.Node.objection`), noting what that was.
///
/// A key or an entry whose value is not plain goes; in a list, tuple or set `None` takes its place, so
/// that the others keep theirs. What occurs several times is copied once and stays one value.
public struct PlainCopy: Sendable {
  /// How deep values may be nested; no checkpoint of a training comes near.
  public static let depth = 50

  /// The values that were copied; a node `MetadataTree.Node.tensor` is a place in `tensors`.
  public var tree = MetadataTree()
  /// The tensors among them: their places in the source, and the first path of each.
  public private(set) var tensors: [(place: Int, path: [String])] = []
  /// What was left out: a path, and what stood there.
  public private(set) var dropped: [(path: [String], what: String)] = []
  private let source: MetadataTree
  private var copies: [MetadataTree.Handle: MetadataTree.Handle] = [:]
  private var objections: Set<MetadataTree.Handle> = []

  /// Nothing copied yet.
  public init(of source: MetadataTree) {
    self.source = source
  }

  /// The copy of a value, or `nil` where it is not plain.
  public mutating func copy(
    _ handle: MetadataTree.Handle, path: [String]
  ) -> MetadataTree.Handle? {
    if let known = copies[handle] { return known }
    if objections.contains(handle) { return nil }
    let node = source[handle]
    var objection = node.objection
    if path.count > Self.depth { objection = "values nested more than \(Self.depth) deep" }
    if let objection {
      objections.insert(handle)
      dropped.append((path, objection))
      return nil
    }
    // The copy is there before its content: it may contain itself.
    let copy = tree.add(.none)
    copies[handle] = copy
    switch node {
    case .list(let own): tree.replace(copy, with: .list(elements(own, path)))
    case .tuple(let own): tree.replace(copy, with: .tuple(elements(own, path)))
    case .set(let own): tree.replace(copy, with: .set(elements(own, path)))
    case .dict(let own): tree.replace(copy, with: .dict(entries(own, path)))
    case .object(let className, let arguments, let fields, _, let own):
      tree.replace(
        copy,
        with: .object(
          className: className, arguments: elements(arguments, path),
          fields: entries(fields, path), items: [], entries: entries(own, path)))
    case .tensor(let place):
      tree.replace(copy, with: .tensor(tensors.count))
      tensors.append((place, path))
    default: tree.replace(copy, with: node)
    }
    return copy
  }

  private mutating func elements(
    _ own: [MetadataTree.Handle], _ path: [String]
  ) -> [MetadataTree.Handle] {
    own.enumerated().map { place, element in
      copy(element, path: path + ["\(place)"]) ?? tree.add(.none)
    }
  }

  private mutating func entries(
    _ own: [MetadataTree.Entry], _ path: [String]
  ) -> [MetadataTree.Entry] {
    own.compactMap { entry in
      let path = path + [source.pathComponent(entry.key)]
      guard let key = copy(entry.key, path: path), let value = copy(entry.value, path: path) else {
        return nil
      }
      return .init(key: key, value: value)
    }
  }
}
