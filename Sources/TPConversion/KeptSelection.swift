internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPTensors

/// The parts of a checkpoint that a choice takes, ready to be written beside the model.
struct KeptSelection {
  /// The parts and where the model stands among them.
  let parts: KeptParts
  /// The parts' tensors, under names that no other tensor of the file has.
  let tensors: [(name: String, tensor: Tensor)]
  /// The keys that were taken, in the order of the file.
  let keys: [String]
  /// What a user should know: groups that the file has not, objects that were left out.
  let warnings: [String]

  /// Keys that every checkpoint with kept parts has, where the source has them.
  private static let always: Set<String> = ["epoch", "best_val_acc", "class_to_idx"]

  /// - Parameters:
  ///   - container: the key of the model's state_dict.
  ///   - taken: the names of the model's tensors.
  /// - Returns: `nil` where the file has nothing of what was asked for in groups.
  /// - Throws: `PortError` of kind `usage` for a key that the file does not have.
  init?(
    _ choice: KeepChoice, of checkpoint: Checkpoint, container: String?, taken: [String]
  ) throws(PortError) {
    let tree = checkpoint.metadata
    let entries = checkpoint.parts
    guard let container, entries.contains(where: { $0.key == container }) else {
      if choice.keys.isEmpty { return nil }
      throw PortError(
        .usage, "the file has no parts to keep: its tensors are not under one key",
        remedy: "leave --keep out")
    }
    let others = entries.map(\.key).filter { $0 != container }
    if let unknown = choice.keys.first(where: { !others.contains($0) }) {
      let known = (others + ["optimizer", "scheduler", "history", "all"]).map { ($0, $0) }
      let near = nearest(unknown, among: known, atMost: 1).first
      throw PortError(
        .usage, "the file has no part \(printable(unknown, limit: 80)) to keep",
        remedy: near.map { "did you mean \(printable($0, limit: 80))?" }
          ?? "it has " + others.map { printable($0, limit: 60) }.joined(separator: ", "))
    }
    var chosen: [String: Set<KeepChoice.Group>] = [:]
    for (key, entry) in entries where key != container {
      chosen[key] = Self.groups(key, entry.value, of: tree)
    }
    var copy = PlainCopy(of: tree)
    var kept: [MetadataTree.Entry] = []
    var keys: [String] = []
    var model: MetadataTree.Handle?
    for (key, entry) in entries {
      let isAsked =
        choice.keys.contains(key) || !choice.groups.isDisjoint(with: chosen[key] ?? [])
      guard key == container || isAsked || Self.always.contains(key) else { continue }
      guard let name = copy.copy(entry.key, path: [key]) else { continue }
      if key == container {
        let place = copy.tree.add(.none)
        model = place
        kept.append(.init(key: name, value: place))
      } else if let value = copy.copy(entry.value, path: [key]) {
        kept.append(.init(key: name, value: value))
        if isAsked { keys.append(key) }
      }
    }
    guard let model else { return nil }
    copy.tree.root = copy.tree.add(.dict(kept))
    var names = Set(taken)
    var tensors: [(name: String, tensor: Tensor)] = []
    for (place, path) in copy.tensors {
      guard let tensor = checkpoint.record(at: place)?.tensor else { continue }
      var name = path.joined(separator: ".")
      while !names.insert(name).inserted { name += "~" }
      tensors.append((name, tensor))
    }
    parts = KeptParts(tree: copy.tree, model: model, names: tensors.map(\.name))
    self.tensors = tensors
    self.keys = keys
    warnings = Self.warnings(choice, keys: keys, chosen, copy)
  }

  private static func warnings(
    _ choice: KeepChoice, keys: [String], _ groups: [String: Set<KeepChoice.Group>],
    _ copy: PlainCopy
  ) -> [String] {
    var warnings: [String] = []
    for group in KeepChoice.Group.allCases where choice.groups.contains(group) && group != .all {
      if !keys.contains(where: { groups[$0]?.contains(group) == true }) {
        warnings.append("the file has no \(group.rawValue) to keep")
      }
    }
    for item in copy.dropped.prefix(20) {
      warnings.append(
        "\(printable(item.path.joined(separator: "."), limit: 120)) is left out:"
          + " \(printable(item.what, limit: 120)) is not plain data")
    }
    if copy.dropped.count > 20 {
      warnings.append("\(copy.dropped.count - 20) more values that are not plain are left out")
    }
    return warnings
  }

  /// Whether a key speaks of an optimizer.
  static func isOptimizer(_ key: String) -> Bool { key.lowercased().contains("optim") }

  /// The groups that a part belongs to.
  private static func groups(
    _ key: String, _ value: MetadataTree.Handle, of tree: MetadataTree
  ) -> Set<KeepChoice.Group> {
    let name = key.lowercased()
    var groups: Set<KeepChoice.Group> = [.all]
    if isOptimizer(key) { groups.insert(.optimizer) }
    if name.contains("sched") { groups.insert(.scheduler) }
    if name.contains("history") || isHistory(value, of: tree) { groups.insert(.history) }
    return groups
  }

  private static func isHistory(_ value: MetadataTree.Handle, of tree: MetadataTree) -> Bool {
    switch tree[value] {
    case .list(let own): isNumbers(own, of: tree)
    case .dict(let entries):
      !entries.isEmpty
        && entries.allSatisfy { entry in
          if case .list(let own) = tree[entry.value] { isNumbers(own, of: tree) } else { false }
        }
    default: false
    }
  }

  private static func isNumbers(
    _ elements: [MetadataTree.Handle], of tree: MetadataTree
  ) -> Bool {
    elements.allSatisfy { element in
      switch tree[element] {
      case .int, .float, .bool, .none: true
      default: false
      }
    }
  }
}
