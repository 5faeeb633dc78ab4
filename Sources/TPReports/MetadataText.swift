internal import TPBytes
package import TPTensors

/// A metadata tree for a terminal: a line a value, indented, long lists and tensors folded.
package struct MetadataText {
  private let tree: MetadataTree
  private var lines: [String] = []
  private var ancestors: Set<MetadataTree.Handle> = []
  private let limit: Int
  /// Up to how many times the limit lines are counted: a few bytes can describe any number of them.
  private static let countedTimes = 10
  /// How many levels are shown.
  private static let mostLevels = 40

  /// At most `limit` lines; what is left out is counted in the last one.
  package static func render(_ tree: MetadataTree, limit: Int = 120) -> String {
    guard let root = tree.root else { return "" }
    var renderer = MetadataText(tree: tree, limit: limit)
    switch tree[root] {
    case .dict(let entries): renderer.members(entries, level: 0)
    default: renderer.line("(root)", root, level: 0)
    }
    if renderer.lines.count > limit {
      let left = counted(renderer.lines.count - limit, "more line")
      let isCut = renderer.lines.count >= limit * countedTimes
      renderer.lines = renderer.lines.prefix(limit) + ["  … \(isCut ? "at least " : "")\(left)"]
    }
    return renderer.lines.map { $0 + "\n" }.joined()
  }

  private init(tree: MetadataTree, limit: Int) {
    self.tree = tree
    self.limit = limit
  }

  private mutating func line(_ name: String, _ handle: MetadataTree.Handle, level: Int) {
    guard lines.count < limit * Self.countedTimes else { return }
    let indent = String(repeating: "  ", count: level + 1)
    let head = indent + printable(name, limit: 60)
    guard !ancestors.contains(handle), level < Self.mostLevels else {
      lines.append(head + (level < Self.mostLevels ? "  (contains itself)" : "  (goes deeper)"))
      return
    }
    ancestors.insert(handle)
    defer { ancestors.remove(handle) }
    switch tree[handle] {
    case .list(let items), .tuple(let items), .set(let items):
      if let text = short(items) {
        lines.append(head + "  " + text)
      } else {
        lines.append(head + "  \(counted(items.count, "item"))")
        for (index, item) in items.enumerated() { line("\(index)", item, level: level + 1) }
      }
    case .dict(let entries): container(head, entries, level: level)
    case .object("collections.OrderedDict", [], _, [], let entries):
      // Its attribute `_metadata` holds the versions of modules: for the JSON, not for a reader.
      container(head, entries, level: level)
    case .object(let className, let arguments, let fields, let items, let entries):
      let contents = arguments + items
      if let text = short(contents) {
        container(
          head + "  \(printable(className, limit: 80))\(contents.isEmpty ? "" : " " + text)",
          entries + fields, level: level, quiet: true)
      } else {
        container(
          head + "  \(printable(className, limit: 80))", entries + fields, level: level, quiet: true
        )
        for (index, item) in contents.enumerated() { line("\(index)", item, level: level + 1) }
      }
    default: lines.append(head + "  " + scalar(handle))
    }
  }

  private mutating func container(
    _ head: String, _ entries: [MetadataTree.Entry], level: Int, quiet: Bool = false
  ) {
    let tensors = entries.filter { isTensor($0.value) }.count
    if tensors > 0, tensors == entries.count {
      lines.append(head + "  \(counted(tensors, "tensor"))")
      return
    }
    lines.append(entries.isEmpty && !quiet ? head + "  {}" : head)
    members(entries, level: level + 1)
  }

  private mutating func members(_ entries: [MetadataTree.Entry], level: Int) {
    for entry in entries { line(tree.pathComponent(entry.key), entry.value, level: level) }
  }

  /// Plain values on one line, the middle of a long list left out; `nil` where one is a container.
  private func short(_ items: [MetadataTree.Handle]) -> String? {
    if items.isEmpty { return "[]" }
    guard items.allSatisfy({ isPlain($0) }) else { return nil }
    if items.count <= 8 { return "[" + items.map(scalar).joined(separator: ", ") + "]" }
    let shown = items.prefix(3).map(scalar) + ["…"] + items.suffix(2).map(scalar)
    return "[" + shown.joined(separator: ", ") + "]  (\(grouped(items.count)))"
  }

  private func scalar(_ handle: MetadataTree.Handle) -> String {
    switch tree[handle] {
    case .float(let value): significant(value, 6)
    default: printable(tree.pathComponent(handle), limit: 100)
    }
  }

  private func isTensor(_ handle: MetadataTree.Handle) -> Bool {
    if case .tensor = tree[handle] { return true }
    return false
  }

  private func isPlain(_ handle: MetadataTree.Handle) -> Bool {
    switch tree[handle] {
    case .list, .tuple, .set, .dict, .object, .tensor: false
    default: true
    }
  }
}
