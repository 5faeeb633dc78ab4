public import TPBytes

/// Names and tensors in the order of the file, as PyTorch's `state_dict`; a name occurs once.
public struct StateDict: Sendable {
  /// One entry.
  public struct Entry: Sendable {
    /// The key, for example `conv3d1.weight`.
    public let name: String
    /// Its tensor.
    public let tensor: Tensor
  }

  /// The entries in order.
  public private(set) var entries: [Entry] = []
  private var places: [String: Int] = [:]

  /// Starts empty.
  public init() {}

  /// Entries in order.
  ///
  /// - Throws: `PortError` where a name occurs twice.
  public init(_ pairs: some Sequence<(name: String, tensor: Tensor)>) throws(PortError) {
    for pair in pairs { try append(pair.name, pair.tensor) }
  }

  /// Adds an entry at the end.
  ///
  /// - Throws: `PortError` where the name is taken.
  public mutating func append(_ name: String, _ tensor: Tensor) throws(PortError) {
    guard places.updateValue(entries.count, forKey: name) == nil else {
      throw PortError(.malformed, "two tensors have the same name", key: name)
    }
    entries.append(Entry(name: name, tensor: tensor))
  }

  /// The tensor under a name.
  public subscript(name: String) -> Tensor? {
    places[name].map { entries[$0].tensor }
  }

  /// The names in order.
  public var names: [String] { entries.map(\.name) }
  /// How many entries there are.
  public var count: Int { entries.count }
  /// Whether there is no entry.
  public var isEmpty: Bool { entries.isEmpty }

  /// Groups of names that stand for one tensor (same storage, offset, shape, strides and type), in
  /// order; groups of one are left out.
  public var aliases: [[String]] {
    var groups: [[String]] = []
    var places: [Identity: Int] = [:]
    for entry in entries where entry.tensor.shape.elementCount > 0 {
      let place = places[Identity(entry.tensor), default: groups.count]
      if place == groups.count {
        places[Identity(entry.tensor)] = place
        groups.append([])
      }
      groups[place].append(entry.name)
    }
    return groups.filter { $0.count > 1 }
  }

  /// What two names of one tensor have in common.
  private struct Identity: Hashable {
    let storage: ObjectIdentifier
    let offset: Int
    let shape: Shape
    let strides: [Int]
    let dtype: DType

    init(_ tensor: Tensor) {
      storage = ObjectIdentifier(tensor.storage)
      offset = tensor.offset
      shape = tensor.shape
      strides = tensor.strides
      dtype = tensor.dtype
    }
  }
}
