public import TPBytes
public import TPTensors

/// What the fact `precision` of a weight file says: through which types the source's numbers went
/// on the way into the file.
///
/// The text is `exact` (every tensor is the source's bit for bit), the name of a type (every
/// floating-point tensor was converted to it), or, where tensors differ, a JSON object: the name of
/// each floating-point tensor of the model -> `exact` or the name of a type. The type is the least
/// precise that the numbers went through (float64, float32, float16, bfloat16, int8, in this
/// order); they may be stored in a more precise one. int8 tensors count as floating-point ones,
/// their `NAME.scale` is not listed.
public enum StoredPrecision: Hashable, Sendable {
  /// Every bit is the source's.
  case exact
  /// Every floating-point tensor was converted to this type.
  case uniform(DType)
  /// The type of each floating-point tensor by name; `nil` where its bits are the source's.
  case mixed([String: DType?])

  /// The types that numbers can go through, the most precise first.
  public static let types: [DType] = [.float64, .float32, .float16, .bfloat16, .int8]

  /// What a fact says; `nil` where it has no meaning.
  public init?(fact: String) {
    if fact == "exact" {
      self = .exact
    } else if let type = Self.type(fact) {
      self = .uniform(type)
    } else {
      guard let members = (try? JSONValue(parsing: fact))?.members, !members.isEmpty else {
        return nil
      }
      var types: [String: DType?] = [:]
      for member in members {
        guard let text = member.value.string else { return nil }
        let type = Self.type(text)
        guard type != nil || text == "exact" else { return nil }
        types.updateValue(type, forKey: member.key)
      }
      self = .mixed(types)
    }
  }

  /// What became of each floating-point tensor of a model, told as shortly as it can be.
  public init(_ types: [String: DType?]) {
    let distinct = Set(types.values)
    if distinct.allSatisfy({ $0 == nil }) {
      self = .exact
    } else if distinct.count == 1, let only = distinct.first, let type = only {
      self = .uniform(type)
    } else {
      self = .mixed(types)
    }
  }

  /// The text of the fact.
  public var fact: String {
    switch self {
    case .exact: "exact"
    case .uniform(let type): type.rawValue
    case .mixed(let types):
      JSONValue.object(
        types.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
          .init($0.key, .string($0.value?.rawValue ?? "exact"))
        }
      ).text()
    }
  }

  /// One word for a report: `exact`, the name of a type, or `mixed`.
  public var word: String {
    if case .mixed = self { "mixed" } else { fact }
  }

  /// The same with the types of `mixed`, the most precise first: `mixed (float32, int8)`.
  public var label: String {
    guard case .mixed(let types) = self else { return fact }
    let used = Set(types.values.compactMap { $0 })
    return "mixed (" + Self.types.filter(used.contains).map(\.rawValue).joined(separator: ", ")
      + ")"
  }

  /// The least precise type that a tensor's numbers went through; `nil` where they are the source's
  /// bit for bit.
  public func type(of name: String) -> DType? {
    switch self {
    case .exact: nil
    case .uniform(let type): type
    case .mixed(let types): types[name] ?? nil
    }
  }

  /// Whether a tensor went through a type with fewer digits than float32.
  public var isLossy: Bool {
    let lossy = { (type: DType?) -> Bool in
      type.map { Self.rank($0) > Self.rank(.float32) } ?? false
    }
    return switch self {
    case .exact: false
    case .uniform(let type): lossy(type)
    case .mixed(let types): types.values.contains(where: lossy)
    }
  }

  /// The less precise of two types; `nil` stands for the source's own.
  public static func coarser(_ left: DType?, _ right: DType?) -> DType? {
    guard let left else { return right }
    guard let right else { return left }
    return rank(left) >= rank(right) ? left : right
  }

  private static func type(_ text: String) -> DType? {
    types.first { $0.rawValue == text }
  }

  private static func rank(_ type: DType) -> Int { types.firstIndex(of: type) ?? 0 }
}

extension StoredPrecision {
  /// Holds what the fact says against the types of the file's tensors.
  ///
  /// - Throws: `PortError` of kind `malformed` with the key of a tensor that is not stored in the
  ///   type that is stated, or a more precise one, or that is not there.
  public func check(_ stateDict: StateDict) throws(PortError) {
    let quantised = Set(stateDict.quantisedNames)
    let scales = Set(quantised.map { $0 + StateDict.scaleSuffix })
    var left: Set<String> = []
    if case .mixed(let types) = self { left = Set(types.keys) }
    for entry in stateDict.entries {
      left.remove(entry.name)
      guard let stated = type(of: entry.name), !scales.contains(entry.name) else { continue }
      let stored = entry.tensor.dtype
      let isNumber = quantised.contains(entry.name) || stored.isFloatingPoint
      if case .uniform = self, !isNumber { continue }
      guard isNumber, Self.types.contains(stored), Self.rank(stored) <= Self.rank(stated) else {
        throw PortError(
          .malformed,
          "the file states that this tensor is stored as \(stated.rawValue), and it is"
            + " \(stored.rawValue)", key: entry.name, remedy: "convert the checkpoint again")
      }
    }
    if let name = left.min() {
      throw PortError(
        .malformed, "the file states a precision for a tensor that it does not have", key: name,
        remedy: "convert the checkpoint again")
    }
  }
}
