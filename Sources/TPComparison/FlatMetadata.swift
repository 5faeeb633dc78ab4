internal import TPTensors

/// Every value of a metadata tree under its path, in order; a container stands before what it holds.
///
/// A list of plain values counts as one value: the losses of thirty epochs are one line, not thirty.
struct FlatMetadata {
  /// A value.
  struct Value {
    var path: [String]
    var handle: MetadataTree.Handle
    var role = Role.plain
  }

  /// What a value is to others.
  enum Role {
    /// It holds none, or is a list of such.
    case plain
    /// It is a container that holds nothing.
    case empty
    /// It holds others, and is the first under its path that does.
    case container
  }

  /// The most values that are visited: a tree in which each is shared has more paths than values.
  static let mostValues = 100_000
  /// The deepest level.
  static let deepest = 200

  private(set) var values: [Value] = []
  /// The containers that hold something, by their paths.
  private(set) var containers: [[String]: MetadataTree.Handle] = [:]
  /// Whether every value was visited; one that contains itself is, once.
  private(set) var isWhole = true

  private let tree: MetadataTree
  private let isHDF5: Bool
  private let isPartsOnly: Bool
  private var visited = 0
  /// Which lists hold plain values alone: a file can have a long one under many keys.
  private var plainLists: [MetadataTree.Handle: Bool] = [:]

  private static let derived = Set(
    [
      "digest", "digests", "crc32", "header_crc32", "kept", "module_metadata", "order",
      "source.digest",
    ].map { "torchport." + $0 })

  /// - Parameter isPartsOnly: whether only the parts of a training count, not what a format says.
  init(_ tree: MetadataTree, isHDF5: Bool, isPartsOnly: Bool) {
    self.tree = tree
    self.isHDF5 = isHDF5
    self.isPartsOnly = isPartsOnly
    if let root = tree.root { walk(root, path: [], ancestors: []) }
  }

  private func isOfTheFile(_ key: String?) -> Bool {
    guard let key else { return false }
    return key.hasPrefix("torchport.") || isGroup(key)
  }

  /// Whether a key is the path of an HDF5 file's group or dataset, whose attributes are under it.
  private func isGroup(_ key: String) -> Bool { isHDF5 && key.utf8.first == UInt8(ascii: "/") }

  private mutating func walk(
    _ handle: MetadataTree.Handle, path: [String], ancestors: Set<MetadataTree.Handle>
  ) {
    visited += 1
    if ancestors.contains(handle) { return }
    guard visited <= Self.mostValues, ancestors.count < Self.deepest else {
      isWhole = false
      return
    }
    if case .tensor = tree[handle] { return }
    // These say what the tensors say, and tensors are compared as such.
    if let key = path.first, path.count == 1, Self.derived.contains(key) { return }
    // What one format says of its weights another says elsewhere, or not at all.
    if path.last == "_torchport" || isPartsOnly && isOfTheFile(path.first) { return }
    if path.count == 2, path[1] == "sha256", isGroup(path[0]) { return }
    if isPlain(handle) {
      values.append(Value(path: path, handle: handle))
      return
    }
    // A group or dataset of HDF5 without attributes says nothing by that.
    if isEmpty(handle), !path.isEmpty, !isGroup(path[0]) {
      values.append(Value(path: path, handle: handle, role: .empty))
      return
    }
    if containers[path] == nil {
      containers[path] = handle
      values.append(Value(path: path, handle: handle, role: .container))
    }
    let inner = ancestors.union([handle])
    switch tree[handle] {
    case .list(let items), .tuple(let items), .set(let items):
      for (index, item) in items.enumerated() {
        walk(item, path: path + ["\(index)"], ancestors: inner)
      }
    case .dict(let entries):
      for entry in entries {
        walk(entry.value, path: path + [tree.pathComponent(entry.key)], ancestors: inner)
      }
    case .object(_, let arguments, let fields, let items, let entries):
      for (index, item) in (arguments + items).enumerated() {
        walk(item, path: path + ["\(index)"], ancestors: inner)
      }
      for entry in entries + fields {
        walk(entry.value, path: path + [tree.pathComponent(entry.key)], ancestors: inner)
      }
    default: break
    }
  }

  /// Whether a value is no container, or a list of such.
  private mutating func isPlain(_ handle: MetadataTree.Handle) -> Bool {
    switch tree[handle] {
    case .list(let items), .tuple(let items):
      if let known = plainLists[handle] { return known }
      let isPlain = items.allSatisfy { !isContainer($0) }
      plainLists[handle] = isPlain
      return isPlain
    default: return !isContainer(handle)
    }
  }

  private func isEmpty(_ handle: MetadataTree.Handle) -> Bool {
    switch tree[handle] {
    case .dict(let entries): entries.isEmpty
    case .set(let items): items.isEmpty
    case .object(_, let arguments, let fields, let items, let entries):
      arguments.isEmpty && fields.isEmpty && items.isEmpty && entries.isEmpty
    default: false
    }
  }

  private func isContainer(_ handle: MetadataTree.Handle) -> Bool {
    switch tree[handle] {
    case .list, .tuple, .set, .dict, .object, .tensor: true
    default: false
    }
  }
}
