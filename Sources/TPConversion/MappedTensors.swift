internal import TPBytes
internal import TPTensors

/// Tensors on their way through the rules of a map.
struct MappedTensors {
  /// A tensor under its present name.
  struct Entry {
    var name: String
    var tensor: Tensor
    var origin: TensorOrigins.Origin
  }

  /// What is left, in order; a place that a rule emptied is `nil`.
  private(set) var slots: [[Entry]] = []
  private(set) var dropped: [ConversionPlan.Dropped] = []
  private var places: [String: (slot: Int, part: Int)] = [:]

  init(_ stateDict: StateDict, prefix: String) {
    for entry in stateDict.entries {
      places[entry.name] = (slots.count, 0)
      slots.append([
        Entry(
          name: entry.name, tensor: entry.tensor,
          origin: .init(sources: [prefix + entry.name]))
      ])
    }
  }

  var names: [String] { slots.flatMap { $0.map(\.name) } }
  var count: Int { places.count }

  subscript(name: String) -> Entry? {
    places[name].map { slots[$0.slot][$0.part] }
  }

  /// The names that are there now, in order, and the tensors under them.
  func stateDict() throws(PortError) -> StateDict {
    try StateDict(slots.flatMap { $0.map { (name: $0.name, tensor: $0.tensor) } })
  }

  var origins: TensorOrigins {
    var origins = TensorOrigins()
    for slot in slots {
      for entry in slot { origins[entry.name] = entry.origin }
    }
    return origins
  }

  /// Takes tensors away and puts others in their places, all at once.
  ///
  /// - Parameter changes: for each name that goes, what stands in its place afterwards.
  /// - Throws: `PortError` that names both tensors which would have one name.
  mutating func replace(_ changes: [(name: String, with: [Entry])]) throws(PortError) {
    var touched: [Int: [(part: Int, with: [Entry])]] = [:]
    for change in changes {
      guard let place = places.removeValue(forKey: change.name) else { continue }
      touched[place.slot, default: []].append((place.part, change.with))
    }
    for (slot, parts) in touched.sorted(by: { $0.key < $1.key }) {
      for entry in slots[slot] { places[entry.name] = nil }
      // From the back, so that the places before stay what they are.
      for change in parts.sorted(by: { $0.part > $1.part }) {
        slots[slot].replaceSubrange(change.part...change.part, with: change.with)
      }
    }
    for slot in touched.keys.sorted() {
      for (part, entry) in slots[slot].enumerated() {
        guard let other = places.updateValue((slot, part), forKey: entry.name) else { continue }
        let first = slots[other.slot][other.part]
        throw PortError(
          .mismatch,
          "two tensors would be called \(printable(entry.name)): those from"
            + " \(Self.list(first.origin.sources)) and from \(Self.list(entry.origin.sources))",
          remedy: "rename or drop one of them first")
      }
    }
  }

  mutating func drop(_ names: [String], by rule: Int) throws(PortError) {
    for name in names {
      guard let entry = self[name] else { continue }
      dropped.append(.init(name: name, sources: entry.origin.sources, rule: rule))
    }
    try replace(names.map { ($0, []) })
  }

  private static func list(_ names: [String]) -> String {
    let more = names.count > 3 ? " and \(names.count - 3) more" : ""
    return names.prefix(3).map { printable($0) }.joined(separator: ", ") + more
  }
}
