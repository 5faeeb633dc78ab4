internal import TPBytes
internal import TPTensors

/// One value of the metadata that is not the same in two checkpoints.
public struct MetadataDifference: Hashable, Sendable {
  /// The keys that lead to it, for example `["optimizer_state_dict", "param_groups", "0", "lr"]`.
  public var path: [String]
  /// What stands in the first, as a text; `nil` where nothing does.
  public var before: String?
  /// What stands in the second, as a text; `nil` where nothing does.
  public var after: String?
}

/// Every value of a metadata tree that is not a container, under its path, in order.
///
/// A list of plain values counts as one value: the losses of thirty epochs are one line, not thirty.
/// At most `limit` values, each node at most once in a branch, so that no tree is endless.
struct FlatMetadata {
  private(set) var values: [(path: [String], text: String)] = []
  private let tree: MetadataTree
  private let limit: Int
  private var visited = 0
  private static let derived = Set(
    [
      "digest", "digests", "crc32", "header_crc32", "kept", "module_metadata", "order",
      "source.digest",
    ].map { "torchport." + $0 })

  private let isHDF5: Bool
  private let isPartsOnly: Bool

  /// - Parameter isPartsOnly: whether only the parts of a training count, not what a format says.
  init(_ tree: MetadataTree, isHDF5: Bool, isPartsOnly: Bool, limit: Int = 100_000) {
    self.tree = tree
    self.isHDF5 = isHDF5
    self.isPartsOnly = isPartsOnly
    self.limit = limit
    if let root = tree.root { walk(root, path: [], ancestors: []) }
  }

  private func isOfTheFile(_ key: String?) -> Bool {
    guard let key else { return false }
    return key.hasPrefix("torchport.") || isHDF5 && key.hasPrefix("/")
  }

  private mutating func walk(
    _ handle: MetadataTree.Handle, path: [String], ancestors: Set<MetadataTree.Handle>
  ) {
    visited += 1
    guard visited <= limit, !ancestors.contains(handle), ancestors.count < 200 else { return }
    if case .tensor = tree[handle] { return }
    // These say what the tensors say, and tensors are compared as such.
    if let key = path.first, path.count == 1, Self.derived.contains(key) { return }
    // What one format says of its weights another says elsewhere, or not at all.
    if path.last == "_torchport" || isPartsOnly && isOfTheFile(path.first) { return }
    if isHDF5, path.count == 2, path[0].hasPrefix("/"), path[1] == "sha256" { return }
    if let text = plain(handle) {
      values.append((path, text))
      return
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

  /// The text of a plain value or of a list of plain values; `nil` for any other container.
  private func plain(_ handle: MetadataTree.Handle) -> String? {
    switch tree[handle] {
    case .list(let items), .tuple(let items):
      let texts = items.map { isPlain($0) ? tree.pathComponent($0) : nil }
      guard texts.allSatisfy({ $0 != nil }) else { return nil }
      return "[" + texts.compactMap(\.self).joined(separator: ", ") + "]"
    default: return isPlain(handle) ? tree.pathComponent(handle) : nil
    }
  }

  private func isPlain(_ handle: MetadataTree.Handle) -> Bool {
    switch tree[handle] {
    case .list, .tuple, .set, .dict, .object, .tensor: false
    default: true
    }
  }
}

/// What differs between the metadata of two checkpoints, in the order of the first, then of the second.
func metadataDifferences(_ a: Checkpoint, _ b: Checkpoint) -> [MetadataDifference] {
  let isPartsOnly = a.container != b.container
  let left = FlatMetadata(
    a.metadata, isHDF5: a.container == .hdf5, isPartsOnly: isPartsOnly
  ).values
  let right = FlatMetadata(
    b.metadata, isHDF5: b.container == .hdf5, isPartsOnly: isPartsOnly
  ).values
  let before = Dictionary(left.map { ($0.path, $0.text) }) { first, _ in first }
  let after = Dictionary(right.map { ($0.path, $0.text) }) { first, _ in first }
  var result: [MetadataDifference] = []
  for value in left where after[value.path] != value.text {
    result.append(
      MetadataDifference(path: value.path, before: value.text, after: after[value.path]))
  }
  for value in right where before[value.path] == nil {
    result.append(MetadataDifference(path: value.path, before: nil, after: value.text))
  }
  return result
}
