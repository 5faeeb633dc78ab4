public import TPBytes

/// The classes that a model tells apart, in index order.
public struct Classes: Hashable, Sendable {
  /// Their names; `nil` where nothing says them.
  public let names: [String]?
  /// How many there are.
  public let count: Int

  /// Classes with names, or only their number.
  ///
  /// - Precondition: as many names as classes, where there are names.
  public init(names: [String]?, count: Int) {
    precondition(names.map { $0.count == count } != false)
    self.names = names
    self.count = count
  }

  /// The name of a class, or its index as a text where names are not known.
  public func name(_ index: Int) -> String {
    guard let names, names.indices.contains(index) else { return "\(index)" }
    return names[index]
  }

  /// The place here of each class of `other`, in the order of `other`: by name where both have names,
  /// else by index.
  ///
  /// - Throws: `PortError` of kind `mismatch` where they are not the same classes, or two of the same
  ///   name stand in different orders.
  public func places(of other: Classes) throws(PortError) -> [Int] {
    guard let names, let others = other.names else {
      guard count == other.count else {
        throw PortError(
          .mismatch, "tells \(other.count) classes apart, and the other weights \(count)",
          remedy: "compare weights of the same classes")
      }
      return Array(0..<count)
    }
    // That holds, too, where two classes are called alike and names alone could not tell them apart.
    if names == others { return Array(0..<count) }
    var indexes: [String: Int] = [:]
    for (index, name) in names.enumerated() { indexes[name] = index }
    let places = others.compactMap { indexes[$0] }
    guard places.count == other.count, Set(places).count == count, count == other.count else {
      throw PortError(
        .mismatch,
        "tells other classes apart: \(list(others)), and the other weights \(list(names))",
        remedy: "compare weights of the same classes")
    }
    return places
  }

  /// The names for a sentence, at most ten of them.
  func list(_ names: [String]) -> String {
    let shown = names.prefix(10).map { printable($0, limit: 40) }.joined(separator: ", ")
    return names.count > 10 ? shown + " and \(names.count - 10) more" : shown
  }
}
