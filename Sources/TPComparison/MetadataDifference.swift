internal import TPBytes
internal import TPTensors

/// One value of the metadata that is not the same in two checkpoints.
public struct MetadataDifference: Hashable, Sendable {
  /// The keys that lead to it, for example `["optimizer_state_dict", "param_groups", "0", "lr"]`;
  /// `["(root)"]` for the class of the file's own value, `["…"]` where not all values were compared.
  public var path: [String]
  /// What stands in the first, as a text; `nil` where nothing does.
  public var before: String?
  /// What stands in the second, as a text; `nil` where nothing does.
  public var after: String?
}

/// What differs between the metadata of two checkpoints, in the order of the first, then of the second.
func metadataDifferences(_ a: Checkpoint, _ b: Checkpoint) -> [MetadataDifference] {
  let isPartsOnly = a.container != b.container
  let left = FlatMetadata(a.metadata, isHDF5: a.container == .hdf5, isPartsOnly: isPartsOnly)
  let right = FlatMetadata(b.metadata, isHDF5: b.container == .hdf5, isPartsOnly: isPartsOnly)
  var comparison = PlainComparison(a.metadata, b.metadata)
  let before = Dictionary(grouping: left.values.filter { $0.role != .container }) { $0.path }
  let after = Dictionary(grouping: right.values.filter { $0.role != .container }) { $0.path }
  var result: [MetadataDifference] = []
  // The keys 1 and "1" give one path: the first under it is held against the first, and so on.
  var counts: [[String]: Int] = [:]
  for value in left.values {
    if value.role == .container {
      guard let other = right.containers[value.path],
        !comparison.areOfOneClass(value.handle, other)
      else { continue }
      let texts = comparison.texts(value.handle, other)
      let path = value.path.isEmpty ? ["(root)"] : value.path
      result.append(MetadataDifference(path: path, before: texts.before, after: texts.after))
      continue
    }
    let place = counts[value.path, default: 0]
    counts[value.path] = place + 1
    let others = after[value.path] ?? []
    if place < others.count {
      let other = others[place].handle
      if comparison.isSame(value.handle, other) { continue }
      let texts = comparison.texts(value.handle, other)
      result.append(
        MetadataDifference(path: value.path, before: texts.before, after: texts.after))
    } else if !(value.role == .empty && right.containers[value.path] != nil) {
      let text = comparison.text(value.handle, in: a.metadata)
      result.append(MetadataDifference(path: value.path, before: text, after: nil))
    }
  }
  counts = [:]
  for value in right.values where value.role != .container {
    let place = counts[value.path, default: 0]
    counts[value.path] = place + 1
    if place < before[value.path]?.count ?? 0 { continue }
    if value.role == .empty && left.containers[value.path] != nil { continue }
    let text = comparison.text(value.handle, in: b.metadata)
    result.append(MetadataDifference(path: value.path, before: nil, after: text))
  }
  if !(left.isWhole && right.isWhole), !comparison.areSameTrees {
    let text =
      "not compared beyond \(FlatMetadata.mostValues) values or \(FlatMetadata.deepest) levels"
    result.append(MetadataDifference(path: ["…"], before: text, after: text))
  }
  return result
}

/// Compares values of two trees that hold no others, or are lists of such, and the classes of those that
/// do.
private struct PlainComparison {
  private struct Pair: Hashable {
    var left: MetadataTree.Handle
    var right: MetadataTree.Handle
  }

  private let left: MetadataTree
  private let right: MetadataTree
  /// What is known of lists: a file can have a long one under many keys.
  private var known: [Pair: Bool] = [:]
  /// Bytes of text that may yet be made; a file can have one long list under many keys.
  private var room = 16 << 20

  init(_ left: MetadataTree, _ right: MetadataTree) {
    (self.left, self.right) = (left, right)
  }

  mutating func isSame(_ a: MetadataTree.Handle, _ b: MetadataTree.Handle) -> Bool {
    switch (left[a], right[b]) {
    case (.list(let own), .list(let other)), (.list(let own), .tuple(let other)),
      (.tuple(let own), .list(let other)), (.tuple(let own), .tuple(let other)):
      let pair = Pair(left: a, right: b)
      if let known = known[pair] { return known }
      let isSame =
        own.count == other.count
        && zip(own, other).allSatisfy { Self.isSame(left[$0], right[$1]) }
      known[pair] = isSame
      return isSame
    case (let own, let other): return Self.isSame(own, other)
    }
  }

  private static func isSame(_ a: MetadataTree.Node, _ b: MetadataTree.Node) -> Bool {
    if case .float(let own) = a, case .float(let other) = b {
      return own == other && own.sign == other.sign || own.isNaN && other.isNaN
    }
    return a == b
  }

  /// Whether two that hold others are of one class. A list is as good as a tuple, and a dict as an
  /// OrderedDict.
  func areOfOneClass(_ a: MetadataTree.Handle, _ b: MetadataTree.Handle) -> Bool {
    Self.className(left[a]) == Self.className(right[b])
  }

  private static func className(_ node: MetadataTree.Node) -> String? {
    switch node {
    case .list, .tuple: return "builtins.list"
    case .set: return "builtins.set"
    case .dict, .object("collections.OrderedDict", _, _, _, _): return "builtins.dict"
    case .object(let name, _, _, _, _):
      // NumPy 2 has its own classes elsewhere.
      let moved = "numpy._core."
      return name.hasPrefix(moved) ? "numpy.core.\(name.dropFirst(moved.count))" : name
    default: return nil
    }
  }

  /// Whether the two are built alike from the same values.
  var areSameTrees: Bool {
    left.root == right.root && left.nodes.count == right.nodes.count
      && zip(left.nodes, right.nodes).allSatisfy { Self.isSame($0, $1) }
  }

  /// Two values that differ as texts that do.
  mutating func texts(
    _ a: MetadataTree.Handle, _ b: MetadataTree.Handle
  ) -> (before: String, after: String) {
    let (before, after) = (text(a, in: left), text(b, in: right))
    // 5 and "5" look alike, and so do long bytes that begin alike.
    return before == after
      ? (before, after + " (of another type, or other than what is shown)") : (before, after)
  }

  /// A value in full, as long as there is room.
  mutating func text(_ handle: MetadataTree.Handle, in tree: MetadataTree) -> String {
    guard room > 0 else { return tree.pathComponent(handle) }
    let text = tree.plainText(handle)
    room -= text.utf8.count
    return text
  }
}

extension MetadataTree {
  /// A value that holds no others, or a list of such, in full.
  fileprivate func plainText(_ handle: Handle) -> String {
    switch self[handle] {
    case .list(let items), .tuple(let items):
      "[" + items.map { pathComponent($0) }.joined(separator: ", ") + "]"
    case .dict(let entries) where entries.isEmpty: "{}"
    default: pathComponent(handle)
    }
  }
}
