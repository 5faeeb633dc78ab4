internal import TPBytes
internal import TPCheckpoints
internal import TPTensors

/// Whether an optimizer that is kept still fits the network.
///
/// PyTorch's optimizers have the state of each parameter by its place in `model.parameters()`, some by
/// its name besides (`param_names`). Neither follows a map or the folding of batch norms.
struct KeptOptimizer {
  /// Parameters that are gone or not what they were, by their names in the source, in its order.
  private let changed: [String]
  /// The names in the source of those that merely have other names now.
  private let renamed: Set<String>

  /// - Parameters:
  ///   - stored: the model before the map.
  ///   - mapped: the same after it.
  init(
    _ stored: StateDict, _ mapped: MappedTensors, folded: [FoldedLayer], prefix: String
  ) {
    var kept: Set<String> = []
    var renamed: Set<String> = []
    let norms = folded.map { $0.norm + "." }
    for (name, origin) in mapped.origins.all {
      guard origin.changes.isEmpty, origin.sources.count == 1 else { continue }
      if norms.contains(where: name.hasPrefix) { continue }
      kept.insert(origin.sources[0])
      if origin.sources[0] != name { renamed.insert(origin.sources[0]) }
    }
    self.renamed = renamed
    changed = stored.entries.filter { $0.tensor.dtype.isFloatingPoint && !Self.isBuffer($0.name) }
      .map { prefix + $0.name }.filter { !kept.contains($0) }
  }

  /// Entries of a state_dict in floating point that no optimizer knows.
  private static func isBuffer(_ name: String) -> Bool {
    name.hasSuffix("running_mean") || name.hasSuffix("running_var")
  }

  /// A sentence for each optimizer among the parts that does not fit any more.
  func warnings(_ parts: [String], of checkpoint: Checkpoint) -> [String] {
    checkpoint.parts.compactMap { key, entry in
      guard KeptSelection.isOptimizer(key), parts.contains(key) else { return nil }
      let part = printable(key, limit: 60)
      if let first = changed.first {
        let more = changed.count > 1 ? " and \(changed.count - 1) more are" : " is"
        return
          "\(part) is kept as it was and does not fit the converted network: it has its state"
          + " by the places of the source's parameters, of which \(printable(first, limit: 80))\(more)"
          + " no longer what they were; begin with a new optimizer"
      }
      guard let name = names(in: checkpoint.metadata, from: entry.value).min() else { return nil }
      return "\(part) is kept as it was: it names parameters as the source does,"
        + " \(printable(name, limit: 80)) for example"
    }
  }

  /// The names that were changed and stand somewhere in a value.
  private func names(
    in tree: MetadataTree, from root: MetadataTree.Handle
  ) -> Set<String> {
    if renamed.isEmpty { return [] }
    var found: Set<String> = []
    var seen: Set<MetadataTree.Handle> = []
    var next = [root]
    while let handle = next.popLast() {
      guard seen.insert(handle).inserted else { continue }
      switch tree[handle] {
      case .string(let text): if renamed.contains(text) { found.insert(text) }
      case .list(let own), .tuple(let own), .set(let own): next += own
      case .dict(let entries): next += entries.flatMap { [$0.key, $0.value] }
      case .object(_, let arguments, let fields, let items, let entries):
        next += arguments + items + (fields + entries).flatMap { [$0.key, $0.value] }
      default: break
      }
    }
    return found
  }
}
