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
}

extension StateDict {
  /// Whether a name ends as the statistics of a batch norm do, which move in training but are not
  /// trained.
  package static func isRunningStatistic(_ name: String) -> Bool {
    let last = name.split(separator: ".").last
    return last == "running_mean" || last == "running_var"
  }
}
