package import TPBytes
package import TPTensors

/// A metadata tree as JSON.
///
/// Lists and tuples are arrays; a mapping is an object, its keys as texts; a tensor is
/// `{"$tensor": name}`, an object `{"$class": ..., ...}` (an OrderedDict is a mapping, its attributes
/// under `$fields`), bytes `{"$bytes": hex}` of the first 4,096, a class
/// `{"$global": name}`. A value that contains itself is `{"$cycle": class or kind}` there, and past
/// `limit` values the rest is `{"$omitted": kind}`: a file of a few bytes can describe more values
/// than any memory holds.
package struct MetadataJSON {
  private let tree: MetadataTree
  private let names: [String]
  private var left: Int
  private var ancestors: Set<MetadataTree.Handle> = []

  /// The whole tree; `null` where the file has no metadata.
  package static func render(_ checkpoint: Checkpoint, limit: Int = 200_000) -> JSONValue {
    var renderer = MetadataJSON(
      tree: checkpoint.metadata, names: (checkpoint.tensors + checkpoint.arrays).map(\.name),
      left: limit)
    guard let root = checkpoint.metadata.root else { return .null }
    return renderer.value(root)
  }

  private init(tree: MetadataTree, names: [String], left: Int) {
    self.tree = tree
    self.names = names
    self.left = left
  }

  private mutating func value(_ handle: MetadataTree.Handle) -> JSONValue {
    left -= 1
    let node = tree[handle]
    switch node {
    case .none: return .null
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .float(let value): return .double(value)
    case .string(let text): return .string(text)
    case .bigInt, .brokenString: return .string(tree.pathComponent(handle))
    case .bytes(let bytes): return ["$bytes": .string(hexadecimal(bytes.prefix(4096)))]
    case .tensor(let index):
      return ["$tensor": names.indices.contains(index) ? .string(names[index]) : .null]
    case .global(let name): return ["$global": .string(name)]
    case .list, .tuple, .set, .dict, .object: break
    }
    guard left > 0, ancestors.count < 150 else { return ["$omitted": .string(kind(node))] }
    guard ancestors.insert(handle).inserted else { return ["$cycle": .string(kind(node))] }
    defer { ancestors.remove(handle) }
    switch node {
    case .list(let items), .tuple(let items): return array(items)
    case .set(let items): return ["$set": array(items)]
    case .dict(let entries): return .object(members(entries))
    case .object("collections.OrderedDict", [], let fields, [], let entries):
      // A dict like any other; what was set on it as an attribute (`_metadata`) stands apart.
      return .object(
        members(entries) + (fields.isEmpty ? [] : [.init("$fields", .object(members(fields)))]))
    case .object(let className, let arguments, let fields, let items, let entries):
      var result = [JSONValue.Member("$class", .string(className))]
      if !arguments.isEmpty { result.append(.init("$arguments", array(arguments))) }
      if !items.isEmpty { result.append(.init("$items", array(items))) }
      if !entries.isEmpty { result.append(.init("$entries", .object(members(entries)))) }
      if !fields.isEmpty { result.append(.init("$fields", .object(members(fields)))) }
      return .object(result)
    default: return .null
    }
  }

  private mutating func array(_ items: [MetadataTree.Handle]) -> JSONValue {
    var result: [JSONValue] = []
    for item in items { result.append(value(item)) }
    return .array(result)
  }

  /// Two keys may read alike (`1` and `"1"`); JSON has each key once, so the later ones become `1'`,
  /// `1'2` and so on.
  private mutating func members(_ entries: [MetadataTree.Entry]) -> [JSONValue.Member] {
    var taken: Set<String> = []
    var repeats: [String: Int] = [:]
    var result: [JSONValue.Member] = []
    for entry in entries {
      let plain = tree.pathComponent(entry.key)
      var key = plain
      // Counting on from the last mark: a file may have any number of keys that read alike.
      while !taken.insert(key).inserted {
        let mark = repeats[plain, default: 0] + 1
        repeats[plain] = mark
        key = plain + (mark == 1 ? "'" : "'\(mark)")
      }
      result.append(.init(key, value(entry.value)))
    }
    return result
  }

  private func kind(_ node: MetadataTree.Node) -> String {
    switch node {
    case .list: "list"
    case .tuple: "tuple"
    case .set: "set"
    case .dict: "dict"
    case .object(let className, _, _, _, _): className
    default: "value"
    }
  }
}
