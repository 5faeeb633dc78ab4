internal import TPBytes
internal import TPCheckpoints
internal import TPTensors

/// Whether a part of a checkpoint beside the model, which a weight file carries along, is what the
/// source has under the same key: every value and its type, every bit of every tensor.
public struct PartProof: Hashable, Sendable {
  /// What came of it; the raw value stands in JSON.
  public enum Status: String, Hashable, Sendable, CaseIterable {
    /// It is the source's.
    case identical
    /// It is not.
    case different
    /// The source has no such part.
    case unexpected
  }

  /// Its key at the root.
  public let key: String
  /// What came of it.
  public let status: Status
  /// Where the first difference is and what it is, as a clause; `nil` where there is none.
  public let difference: String?

  /// The parts that a file written by us has beside the model, in order.
  ///
  /// - Throws: `PortError` where the bytes of a tensor cannot be had.
  static func all(
    of file: Checkpoint, container: String?, source: Checkpoint, limits: ReadLimits
  ) throws(PortError) -> [PartProof] {
    let (source, _) = try source.dequantized(limits: limits)
    let theirs = Dictionary(source.parts.map { ($0.key, $0.entry.value) }) { first, _ in first }
    var proofs: [PartProof] = []
    for (key, entry) in file.parts where key != container {
      // A tensor at the root is one of the model's.
      if case .tensor = file.metadata[entry.value] { continue }
      guard let own = theirs[key] else {
        proofs.append(.init(key: key, status: .unexpected, difference: nil))
        continue
      }
      var comparison = PartComparison(file, source, limits: limits)
      let difference = try comparison.difference(of: entry.value, from: own, key)
      proofs.append(
        .init(
          key: key, status: difference == nil ? .identical : .different, difference: difference))
    }
    return proofs
  }
}

/// Compares a value with the plain copy of another, which is what a weight file can carry.
private struct PartComparison {
  private struct Pair: Hashable {
    var left: MetadataTree.Handle
    var right: MetadataTree.Handle
  }

  private let left: Checkpoint
  private let right: Checkpoint
  private let limits: ReadLimits
  private var copy: PlainCopy
  /// What was compared, or is being: a value may contain itself.
  private var seen: Set<Pair> = []

  init(_ left: Checkpoint, _ right: Checkpoint, limits: ReadLimits) {
    self.left = left
    self.right = right
    self.limits = limits
    copy = PlainCopy(of: right.metadata)
  }

  mutating func difference(
    of value: MetadataTree.Handle, from other: MetadataTree.Handle, _ key: String
  ) throws(PortError) -> String? {
    guard let plain = copy.copy(other, path: [key]) else {
      return "the source's is not plain data"
    }
    return try compare(value, plain, [key])
  }

  private func place(_ path: [String]) -> String {
    printable(path.joined(separator: "."), limit: 120)
  }

  private mutating func compare(
    _ value: MetadataTree.Handle, _ other: MetadataTree.Handle, _ path: [String]
  ) throws(PortError) -> String? {
    guard seen.insert(Pair(left: value, right: other)).inserted else { return nil }
    // The copy is no deeper than this, so neither is what is still equal to it.
    guard path.count <= PlainCopy.depth + 2 else { return "\(place(path)) is nested too deep" }
    switch (left.metadata[value], copy.tree[other]) {
    case (.float(let own), .float(let wanted)):
      return own == wanted && own.sign == wanted.sign || own.isNaN && wanted.isNaN
        ? nil : "\(place(path)) is \(own), not \(wanted)"
    case (.list(let own), .list(let wanted)), (.tuple(let own), .tuple(let wanted)),
      (.set(let own), .set(let wanted)):
      return try compare(own, wanted, path)
    case (.dict(let own), .dict(let wanted)):
      return try compare(own, wanted, path)
    case (
      .object(let name, let arguments, let fields, _, let entries),
      .object(let wanted, let wantedArguments, let wantedFields, _, let wantedEntries)
    ):
      if name != wanted { return "\(place(path)) is of another class" }
      if let found = try compare(arguments, wantedArguments, path) { return found }
      if let found = try compare(fields, wantedFields, path) { return found }
      return try compare(entries, wantedEntries, path)
    case (.tensor(let own), .tensor(let wanted)):
      guard let tensor = left.record(at: own)?.tensor, copy.tensors.indices.contains(wanted),
        let original = right.record(at: copy.tensors[wanted].place)?.tensor
      else { return "\(place(path)) is no tensor" }
      return try compare(tensor, original, path)
    case (let own, let wanted):
      if own == wanted { return nil }
      return "\(place(path)) is \(left.metadata.pathComponent(value)),"
        + " not \(copy.tree.pathComponent(other))"
    }
  }

  private mutating func compare(
    _ own: [MetadataTree.Handle], _ wanted: [MetadataTree.Handle], _ path: [String]
  ) throws(PortError) -> String? {
    guard own.count == wanted.count else {
      return "\(place(path)) has \(own.count) elements, not \(wanted.count)"
    }
    for (place, pair) in zip(own, wanted).enumerated() {
      if let found = try compare(pair.0, pair.1, path + ["\(place)"]) { return found }
    }
    return nil
  }

  private mutating func compare(
    _ own: [MetadataTree.Entry], _ wanted: [MetadataTree.Entry], _ path: [String]
  ) throws(PortError) -> String? {
    guard own.count == wanted.count else {
      return "\(place(path)) has \(own.count) keys, not \(wanted.count)"
    }
    for (entry, other) in zip(own, wanted) {
      let path = path + [copy.tree.pathComponent(other.key)]
      if try compare(entry.key, other.key, path) != nil {
        return "\(place(path)) has another key, "
          + printable(left.metadata.pathComponent(entry.key), limit: 60)
      }
      if let found = try compare(entry.value, other.value, path) { return found }
    }
    return nil
  }

  private func compare(
    _ tensor: Tensor, _ other: Tensor, _ path: [String]
  ) throws(PortError) -> String? {
    guard tensor.dtype == other.dtype, tensor.shape == other.shape else {
      return "\(place(path)) is \(tensor.dtype.rawValue) \(tensor.shape),"
        + " not \(other.dtype.rawValue) \(other.shape)"
    }
    do throws(PortError) {
      let same = try tensor.contiguousBytes(limits: limits, caching: false).hasSameBytes(
        as: other.contiguousBytes(limits: limits, caching: false))
      return same ? nil : "the elements of \(place(path)) differ"
    } catch {
      throw error.at(key: path.joined(separator: "."))
    }
  }
}
