internal import TPBytes
internal import TPModels
internal import TPTensors

extension TensorMap {
  /// Applies the rules in order.
  ///
  /// - Parameter prefix: what was before every name in the file, for telling where tensors are from.
  /// - Throws: `PortError` of kind `mismatch` with the number of the rule: it means no tensor, two
  ///   tensors would have one name, or it does not fit a tensor's shape; of kind `limit` where an
  ///   expression takes too long.
  func apply(to stateDict: StateDict, prefix: String = "") throws(PortError) -> MappedTensors {
    var tensors = MappedTensors(stateDict, prefix: prefix)
    for (place, rule) in rules.enumerated() {
      do throws(PortError) {
        try rule.apply(to: &tensors, number: place + 1)
      } catch {
        throw PortError(
          error.kind, "rule \(place + 1) of the map, \(rule.action.name): " + error.message,
          key: error.key, remedy: error.remedy)
      }
    }
    return tensors
  }
}

extension MapRule {
  /// A tensor that a rule means, and how to name what becomes of it.
  private struct Target {
    let name: String
    let match: NamePattern.Match?

    /// The template for an expression's match; a plain name otherwise.
    func expand(_ template: String) throws(PortError) -> String {
      guard let match else { return template }
      return try match.expand(template)
    }
  }

  fileprivate func apply(
    to tensors: inout MappedTensors, number: Int
  ) throws(PortError) {
    if case .join(let axis, let to) = action {
      try join(axis: axis, to: to, &tensors)
      return
    }
    let targets = try targets(in: tensors)
    if case .drop = action {
      try tensors.drop(targets.map(\.name), by: number)
      return
    }
    var changes: [(name: String, with: [MappedTensors.Entry])] = []
    var reordered = ReorderedTensors()
    for target in targets {
      guard let entry = tensors[target.name] else { continue }
      do throws(PortError) {
        changes.append((entry.name, try result(of: entry, target, &reordered)))
      } catch {
        throw error.at(key: entry.name)
      }
    }
    try tensors.replace(changes)
  }

  private func result(
    of entry: MappedTensors.Entry, _ target: Target, _ reordered: inout ReorderedTensors
  ) throws(PortError) -> [MappedTensors.Entry] {
    var entry = entry
    switch action {
    case .rename(let to): entry.name = try target.expand(to)
    case .permute(let axes):
      entry.tensor = try entry.tensor.permuted(axes)
      entry.origin.changes.append("permuted by \(axes)")
    case .reorder(let from, let to, let axis):
      let order = to.compactMap { from.firstIndex(of: $0) }
      entry.tensor = try reordered.tensor(entry.tensor, blocks: order, axis: axis)
      entry.origin.changes.append(
        "blocks \(Self.blocks(from)) to \(Self.blocks(to)) on axis \(axis)")
    case .split(let axis, let parts):
      return try split(entry, target, axis, parts)
    case .drop, .join: break
    }
    return [entry]
  }

  private static func blocks(_ names: [String]) -> String {
    names.allSatisfy { $0.count == 1 } ? names.joined() : names.joined(separator: ",")
  }

  private func split(
    _ entry: MappedTensors.Entry, _ target: Target, _ axis: Int, _ parts: [Part]
  ) throws(PortError) -> [MappedTensors.Entry] {
    let extent = try entry.tensor.extent(of: axis)
    let share = extent / parts.count
    let sizes = parts.map { $0.size ?? share }
    var rest = extent
    // Sizes come from a file: a sum of them could come round to the extent again.
    let isWithin = sizes.allSatisfy { size in
      guard size <= rest else { return false }
      rest -= size
      return true
    }
    guard isWithin, rest == 0 else {
      throw PortError(
        .mismatch,
        parts[0].size == nil
          ? "\(extent) elements along axis \(axis) cannot be split into \(parts.count) equal parts"
          : "the sizes \(sizes) do not add up to the \(extent) elements along axis \(axis)")
    }
    var start = 0
    var result: [MappedTensors.Entry] = []
    for (part, size) in zip(parts, sizes) {
      var piece = entry
      piece.name = try target.expand(part.name)
      piece.tensor = try entry.tensor.narrowed(axis: axis, from: start, count: size)
      piece.origin.changes.append(
        "\(start) to \(start + size) of axis \(axis) of \(printable(entry.name))")
      result.append(piece)
      start += size
    }
    return result
  }

  private func targets(in tensors: MappedTensors) throws(PortError) -> [Target] {
    switch selector {
    case .names(let names):
      var found: [Target] = []
      var seen: Set<String> = []
      for name in names where seen.insert(name).inserted {
        if tensors[name] != nil {
          found.append(Target(name: name, match: nil))
        } else if !isOptional {
          throw absent(name, tensors)
        }
      }
      return found
    case .patterns(let patterns):
      let names = tensors.names
      let matches = try NamePattern(pattern: patterns[0]).matches(in: names)
      guard !matches.isEmpty || isOptional else { throw unmatched(patterns[0]) }
      return matches.map { Target(name: names[$0.place], match: $0) }
    }
  }

  private func absent(_ name: String, _ tensors: MappedTensors) -> PortError {
    let names = tensors.names.prefix(2_000).map { ($0, $0) }
    let near = nearest(name, among: names, atMost: 1).first
    return PortError(
      .mismatch, "no tensor is called \(printable(name))",
      remedy: near.map { "perhaps \(printable($0)) is meant" }
        ?? "take the rule out, or say \"optional\": true")
  }

  private func unmatched(_ pattern: String) -> PortError {
    PortError(
      .mismatch, "the whole name of no tensor matches \(printable(pattern, limit: 80))",
      remedy: "begin or end with .* for a part of the name, or say \"optional\": true")
  }

  private func join(
    axis: Int, to: String, _ tensors: inout MappedTensors
  ) throws(PortError) {
    var changes: [(name: String, with: [MappedTensors.Entry])] = []
    for group in try groups(to: to, in: tensors) {
      let parts = group.parts.compactMap { tensors[$0] }
      guard let first = parts.first else { continue }
      do throws(PortError) {
        var joined = first
        joined.name = group.name
        joined.tensor = try Tensor.joined(parts.map(\.tensor), axis: axis)
        joined.origin = .init(
          sources: parts.flatMap(\.origin.sources),
          changes: parts.flatMap(\.origin.changes) + ["\(parts.count) joined on axis \(axis)"])
        changes.append((first.name, [joined]))
        for part in parts.dropFirst() { changes.append((part.name, [])) }
      } catch {
        throw error.at(key: group.name)
      }
    }
    try tensors.replace(changes)
  }

  /// The names of the parts of each tensor that a join makes.
  private func groups(
    to: String, in tensors: MappedTensors
  ) throws(PortError) -> [(name: String, parts: [String])] {
    switch selector {
    case .names(let names):
      let absent = names.filter { tensors[$0] == nil }
      if absent.count == names.count, isOptional { return [] }
      if let first = absent.first { throw self.absent(first, tensors) }
      return [(to, names)]
    case .patterns(let patterns):
      let names = tensors.names
      var order: [String] = []
      var parts: [String: [Int: String]] = [:]
      for (index, pattern) in patterns.enumerated() {
        for match in try NamePattern(pattern: pattern).matches(in: names) {
          let target = try match.expand(to)
          if parts[target] == nil { order.append(target) }
          if let other = parts[target, default: [:]].updateValue(names[match.place], forKey: index)
          {
            throw PortError(
              .mismatch,
              "\(printable(other)) and \(printable(names[match.place])) would both be part"
                + " \(index + 1) of \(printable(target))")
          }
        }
      }
      if order.isEmpty, !isOptional { throw unmatched(patterns[0]) }
      var groups: [(name: String, parts: [String])] = []
      var taken: Set<String> = []
      for target in order {
        var list: [String] = []
        for (index, pattern) in patterns.enumerated() {
          guard let name = parts[target]?[index] else {
            throw PortError(
              .mismatch,
              "\(printable(target)) lacks the part that \(printable(pattern, limit: 80)) should give"
            )
          }
          guard taken.insert(name).inserted else {
            throw PortError(.mismatch, "\(printable(name)) would be part of two tensors")
          }
          list.append(name)
        }
        groups.append((target, list))
      }
      return groups
    }
  }
}
