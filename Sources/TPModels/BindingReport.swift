public import TPBytes
public import TPTensors

/// How a state_dict fits an architecture: every problem at once.
public struct BindingReport: Hashable, Sendable {
  /// An entry that the architecture has and the state_dict lacks.
  public struct Missing: Hashable, Sendable {
    /// The key.
    public let name: String
    /// The extents it should have.
    public let shape: Shape
    /// Unexpected entries that may be meant: those of the same shape first, then the nearest names.
    public let suggestions: [String]
    /// Unexpected entries of the same shape under names that are not near, nearest first.
    public let sameShape: [String]

    package init(name: String, shape: Shape, suggestions: [String], sameShape: [String] = []) {
      self.name = name
      self.shape = shape
      self.suggestions = suggestions
      self.sameShape = sameShape
    }
  }

  /// An entry that the state_dict has and the architecture lacks.
  public struct Unexpected: Hashable, Sendable {
    /// The key.
    public let name: String
    /// Its extents.
    public let shape: Shape
    /// The missing entry that may be meant.
    public let suggestion: String?
    /// Missing entries of the same shape under names that are not near, nearest first.
    public let sameShape: [String]

    package init(name: String, shape: Shape, suggestion: String?, sameShape: [String] = []) {
      self.name = name
      self.shape = shape
      self.suggestion = suggestion
      self.sameShape = sameShape
    }
  }

  /// An entry with the right name and other extents.
  public struct Misshapen: Hashable, Sendable {
    /// The key.
    public let name: String
    /// The extents of the architecture.
    public let expected: Shape
    /// The extents of the file.
    public let found: Shape
    /// Unexpected entries of the expected shape that may be meant, the nearest names first.
    public let sameShape: [String]

    package init(name: String, expected: Shape, found: Shape, sameShape: [String] = []) {
      self.name = name
      self.expected = expected
      self.found = found
      self.sameShape = sameShape
    }

    /// Whether the extents are the same in another order: transposed weights.
    public var isPermuted: Bool {
      expected.extents.sorted() == found.extents.sorted()
    }
  }

  /// An entry whose elements cannot stand for those of the architecture without being rounded.
  public struct WrongType: Hashable, Sendable {
    /// The key.
    public let name: String
    /// The type of the architecture.
    public let expected: DType
    /// The type of the file.
    public let found: DType

    package init(name: String, expected: DType, found: DType) {
      self.name = name
      self.expected = expected
      self.found = found
    }
  }

  /// The name of the architecture.
  public let architecture: String
  /// In the order of the architecture.
  public internal(set) var missing: [Missing] = []
  /// In the order of the state_dict.
  public internal(set) var unexpected: [Unexpected] = []
  /// In the order of the architecture.
  public internal(set) var misshapen: [Misshapen] = []
  /// In the order of the architecture.
  public internal(set) var wrongType: [WrongType] = []

  /// Whether every entry fits.
  public var fits: Bool {
    missing.isEmpty && unexpected.isEmpty && misshapen.isEmpty && wrongType.isEmpty
  }

  /// All problems as one error; `nil` where there is none.
  public var error: PortError? {
    if fits { return nil }
    var parts: [String] = []
    func add(_ title: String, _ lines: [String]) {
      if lines.isEmpty { return }
      // The rest is in the report; a sentence of a thousand keys helps nobody.
      let rest = lines.count > 10 ? " and \(lines.count - 10) more" : ""
      parts.append("\(lines.count) \(title): \(lines.prefix(10).joined(separator: ", "))\(rest)")
    }
    add(
      "missing",
      missing.map { entry in
        "\(printable(entry.name)) \(entry.shape)"
          + hint(entry.suggestions.first, entry.sameShape)
      })
    // What is said of a missing entry is not said again the other way round.
    let said = Set(missing.prefix(10).compactMap { $0.suggestions.first ?? $0.sameShape.first })
    add(
      "unexpected",
      unexpected.map { entry in
        "\(printable(entry.name)) \(entry.shape)"
          + (said.contains(entry.name) ? "" : hint(entry.suggestion, entry.sameShape))
      })
    add(
      "of another shape",
      misshapen.map { entry in
        "\(printable(entry.name)) \(entry.found) for \(entry.expected)"
          + hint(nil, entry.sameShape)
      })
    add(
      "of another type",
      wrongType.map {
        "\(printable($0.name)) \($0.found.rawValue) for \($0.expected.rawValue)"
      })
    return PortError(
      .mismatch,
      "the weights do not fit \(printable(architecture)): " + parts.joined(separator: "; "),
      remedy: remedy)
  }

  /// What may be meant, in brackets; nothing where there is no candidate.
  private func hint(_ near: String?, _ sameShape: [String]) -> String {
    if let near { return " [perhaps \(printable(near))]" }
    guard let first = sameShape.first else { return "" }
    let more = sameShape.count > 1 ? " and others" : ""
    return " [\(printable(first))\(more) \(sameShape.count > 1 ? "have" : "has") this shape]"
  }

  private var remedy: String {
    if wrongType.contains(where: { $0.found == .int8 }) {
      return "store the scales of int8 weights beside them, as float32 under NAME.scale"
    }
    if !misshapen.isEmpty, misshapen.allSatisfy(\.isPermuted) {
      return "permute their axes (--map)"
    }
    return missing.contains { !$0.suggestions.isEmpty || !$0.sameShape.isEmpty }
      ? "rename the keys (--map), or choose the architecture that was trained"
      : "choose the architecture that was trained"
  }
}
