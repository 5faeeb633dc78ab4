internal import TPBytes
internal import TPCheckpoints
internal import TPTensors

extension ConversionPlan {
  /// Adds to a file's contents what goes with the model: the versions of its modules, and the parts of
  /// the checkpoint that were chosen.
  ///
  /// - Parameters:
  ///   - choice: the parts.
  ///   - checkpoint: the source.
  ///   - unwrapped: the model in it.
  ///   - origins: take the past of the parts' tensors.
  /// - Returns: the keys of the parts, and what a user should know.
  /// - Throws: `PortError` for a part that the file does not have, values nested too deep, or a
  ///   tensor's bytes that cannot be had.
  static func addParts(
    _ choice: KeepChoice, of checkpoint: Checkpoint, container: String?, prefix: String,
    to contents: inout WeightFile, _ origins: inout TensorOrigins, limits: ReadLimits
  ) throws(PortError) -> (kept: [String], warnings: [String]) {
    try addModuleMetadata(of: checkpoint, container, prefix: prefix, to: &contents)
    guard !choice.isEmpty else { return ([], []) }
    guard
      let selection = try KeptSelection(
        choice, of: checkpoint, container: container, taken: contents.tensors.names)
    else {
      return (
        [], ["nothing is kept: the file's tensors are not under one key such as model_state_dict"]
      )
    }
    for (name, tensor) in selection.tensors {
      try contents.tensors.append(name, tensor)
      do throws(PortError) {
        contents.digests[name] = try TensorDigest(of: tensor, limits: limits).description
      } catch {
        throw error.at(key: name)
      }
      origins[name] = TensorOrigins.Origin(sources: [name])
    }
    contents.kept = selection.parts
    contents.facts["kept"] = try selection.parts.text
    if contents.facts["order"] != nil {
      contents.facts["order"] =
        JSONValue.array(contents.tensors.names.map(JSONValue.string)).text()
    }
    return (selection.keys, selection.warnings)
  }

  /// The versions by which PyTorch's modules know how old a state_dict is, under the names that the
  /// modules have now; those of modules that are no more are left out.
  private static func addModuleMetadata(
    of checkpoint: Checkpoint, _ container: String?, prefix: String, to contents: inout WeightFile
  ) throws(PortError) {
    guard var tree = try checkpoint.moduleMetadata(under: container), let root = tree.root,
      case .dict(let entries) = tree[root]
    else { return }
    let names = contents.tensors.names
    let known = try? StateDict(
      checkpoint.weights.filter { container == nil || $0.path.first == container }
        .map { ($0.path.dropFirst(container == nil ? 0 : 1).joined(separator: "."), $0.tensor) })
    let isAsSaved = names.allSatisfy { known?[prefix + $0] != nil } && names.count == known?.count
    var kept: [MetadataTree.Entry] = []
    for entry in entries {
      guard case .string(let module) = tree[entry.key] else { return }
      guard let name = Self.unwrapped(module, prefix) else { continue }
      // A model that is as it was saved has all of its modules, and nothing is searched for.
      guard isAsSaved || name.isEmpty || names.contains(where: { $0.hasPrefix(name + ".") }) else {
        continue
      }
      if name != module {
        kept.append(.init(key: tree.add(.string(name)), value: entry.value))
      } else {
        kept.append(entry)
      }
    }
    tree.replace(root, with: .dict(kept))
    contents.moduleMetadata = tree
    contents.facts["module_metadata"] = try tree.factText
  }

  /// A module's name without the prefix of a wrapper; `nil` for the wrapper itself.
  private static func unwrapped(_ module: String, _ prefix: String) -> String? {
    if prefix.isEmpty { return module }
    if module + "." == prefix { return "" }
    return module.hasPrefix(prefix) ? String(module.dropFirst(prefix.count)) : nil
  }
}
