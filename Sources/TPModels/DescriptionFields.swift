internal import TPBytes

/// The members of one object of a description, taken one by one; what is left over is an error.
struct DescriptionFields {
  /// Where the object stands: `layers[3]`; empty for the whole.
  let path: String
  /// What it describes, in words: `layer conv1 (Conv2d)`.
  var subject: String
  private var left: [JSONValue.Member]
  private var known: [String] = []

  init(_ value: JSONValue, path: String, subject: String) throws(PortError) {
    guard let members = value.members else {
      throw PortError(
        .malformed, "\(subject) is no JSON object", key: path.isEmpty ? nil : path)
    }
    self.path = path
    self.subject = subject
    left = members
  }

  /// Where a member stands: `layers[3].kernel_size`.
  func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  func fault(_ key: String, _ what: String, remedy: String? = nil) -> PortError {
    PortError(.malformed, "\(subject): \(what)", key: path(key), remedy: remedy)
  }

  /// The value under a key; `nil` where there is none, or `null`.
  mutating func value(_ key: String) -> JSONValue? {
    known.append(key)
    guard let place = left.firstIndex(where: { $0.key == key }) else { return nil }
    let value = left.remove(at: place).value
    // A bare nil would be JSON's null.
    return value == .null ? Optional.none : value
  }

  /// A value of some kind, which `read` gives `nil` for where it is of another.
  mutating func optional<Value>(
    _ key: String, _ what: String, _ read: (JSONValue) -> Value?
  ) throws(PortError) -> Value? {
    guard let value = value(key) else { return nil }
    guard let found = read(value) else { throw fault(key, "\(key) is not \(what)") }
    return found
  }

  /// The same, which must be there.
  mutating func required<Value>(
    _ key: String, _ what: String, _ read: (JSONValue) -> Value?
  ) throws(PortError) -> Value {
    guard let found = try optional(key, what, read) else {
      throw fault(key, "\(key) is missing", remedy: "give \(what)")
    }
    return found
  }

  mutating func integer(_ key: String) throws(PortError) -> Int {
    try required(key, "an integer", \.int)
  }

  mutating func integer(_ key: String, _ usual: Int) throws(PortError) -> Int {
    try optional(key, "an integer", \.int) ?? usual
  }

  mutating func flag(_ key: String, _ usual: Bool) throws(PortError) -> Bool {
    try optional(key, "true or false", \.bool) ?? usual
  }

  mutating func number(_ key: String, _ usual: Double) throws(PortError) -> Double {
    try optional(key, "a number", \.double) ?? usual
  }

  /// One size for each of so many axes: a list, or a number for all.
  mutating func sizes(_ key: String, _ rank: Int) throws(PortError) -> [Int]? {
    try optional(key, Self.sizes(rank)) { Self.sizes($0, rank) }
  }

  static func sizes(_ rank: Int) -> String {
    rank == 1 ? "an integer" : "an integer or a list of \(rank)"
  }

  static func sizes(_ value: JSONValue, _ rank: Int) -> [Int]? {
    if let one = value.int { return Array(repeating: one, count: rank) }
    guard let list = integers(value), list.count == rank else { return nil }
    return list
  }

  /// At most as many as a tensor has axes: shapes are kept for each layer, and errors list them.
  static func integers(_ value: JSONValue) -> [Int]? {
    guard let elements = value.array, elements.count <= ReadLimits().rank else { return nil }
    let numbers = elements.compactMap(\.int)
    return numbers.count == elements.count ? numbers : nil
  }

  static func strings(_ value: JSONValue) -> [String]? {
    guard let elements = value.array else { return nil }
    let texts = elements.compactMap(\.string)
    return texts.count == elements.count ? texts : nil
  }

  /// - Throws: `PortError` where a member was not asked for.
  func finish() throws(PortError) {
    guard let surplus = left.first else { return }
    let near = nearest(surplus.key, among: known.map { ($0, $0) }, atMost: 1).first
    throw fault(
      surplus.key, "nothing is called \(printable(surplus.key, limit: 60))",
      remedy: near.map { "did you mean \($0)?" } ?? "there are " + known.joined(separator: ", "))
  }
}
