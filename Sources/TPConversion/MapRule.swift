public import TPBytes

/// One rule of a map: which tensors, and what happens to them.
public struct MapRule: Hashable, Sendable {
  /// Which tensors a rule is about.
  public enum Selector: Hashable, Sendable {
    /// Those of exactly these names, each of which must be there.
    case names([String])
    /// Those whose whole name the regular expression matches; of several expressions, as `join`
    /// takes them, each gives one part.
    case patterns([String])
  }

  /// A part that a tensor is split into.
  public struct Part: Hashable, Sendable {
    /// Its name, or what makes it of a match.
    public let name: String
    /// Its extent along the axis; `nil` for an equal share.
    public let size: Int?
  }

  /// What happens.
  public enum Action: Hashable, Sendable {
    /// The tensor gets another name.
    case rename(to: String)
    /// The tensor is left out.
    case drop
    /// Axis `i` of the result is axis `axes[i]` of the tensor, as in `torch.permute`.
    case permute([Int])
    /// Equal blocks along an axis, named in order by `from`, stand in the order of `to` afterwards.
    case reorder(from: [String], to: [String], axis: Int)
    /// The tensor becomes several along an axis, in order.
    case split(axis: Int, into: [Part])
    /// Several tensors become one along an axis, in the order of the selector.
    case join(axis: Int, to: String)

    /// The key that says it in a file.
    public var name: String {
      switch self {
      case .rename: "rename"
      case .drop: "drop"
      case .permute: "permute"
      case .reorder: "reorder"
      case .split: "split"
      case .join: "join"
      }
    }
  }

  /// Which tensors.
  public let selector: Selector
  /// What happens to them.
  public let action: Action
  /// Whether it is no error when no tensor is meant.
  public let isOptional: Bool
}

extension MapRule {
  private static let keys: [String: Set<String>] = [
    "rename": ["to"], "drop": [], "permute": ["axes"], "reorder": ["from", "to", "axis"],
    "split": ["axis", "into"], "join": ["axis", "to"],
  ]

  /// Reads a rule.
  ///
  /// - Throws: `PortError` of kind `malformed`, as a clause about the rule.
  init(_ json: JSONValue) throws(PortError) {
    guard let members = json.members else { throw Self.wrong("is not an object") }
    let actions = members.map(\.key).filter { Self.keys[$0] != nil }
    guard actions.count == 1, let action = actions.first, let own = Self.keys[action] else {
      throw Self.wrong(
        actions.isEmpty
          ? "says none of \(Self.keys.keys.sorted().joined(separator: ", "))"
          : "says \(actions.joined(separator: " and ")); a rule does one thing")
    }
    for member in members
    where member.key != action && member.key != "optional" && !own.contains(member.key) {
      throw Self.wrong("\(action) has no \(printable(member.key, limit: 40))")
    }
    selector = try Self.selector(json[action] ?? .null, of: action)
    isOptional = try Self.optional(json["optional"])
    let fields = MapRuleFields(json: json, action: action)
    switch action {
    case "rename":
      if case .names(let names) = selector, names.count != 1 {
        throw Self.wrong("rename names \(names.count) tensors, and one can have the new name")
      }
      self.action = .rename(to: try fields.text("to"))
    case "drop": self.action = .drop
    case "permute": self.action = .permute(try fields.permutation())
    case "reorder":
      let (from, to) = try fields.blocks()
      self.action = .reorder(from: from, to: to, axis: try fields.axis())
    case "split":
      if case .names(let names) = selector, names.count != 1 {
        throw Self.wrong("split names \(names.count) tensors, and the parts have one name each")
      }
      self.action = .split(axis: try fields.axis(), into: try fields.parts())
    default:
      if case .names(let names) = selector, Set(names).count != names.count {
        throw Self.wrong("join names a tensor twice")
      }
      self.action = .join(axis: try fields.axis(), to: try fields.text("to"))
    }
    if case .patterns(let patterns) = selector {
      for pattern in patterns { try NamePattern.check(pattern) }
    }
  }

  static func wrong(_ what: String, remedy: String? = nil) -> PortError {
    PortError(.malformed, what, remedy: remedy ?? "docs/mapping.md describes every rule")
  }

  private static func optional(_ json: JSONValue?) throws(PortError) -> Bool {
    guard let json else { return false }
    guard let value = json.bool else { throw wrong("optional is neither true nor false") }
    return value
  }

  private static func selector(
    _ json: JSONValue, of action: String
  ) throws(PortError) -> Selector {
    if let name = json.string { return .names([name]) }
    if let list = json.array {
      let names = list.compactMap(\.string)
      guard names.count == list.count, !names.isEmpty else {
        throw wrong("\(action) is not a list of names")
      }
      return .names(names)
    }
    if let members = json.members, members.count == 1, let regex = json["regex"] {
      if let pattern = regex.string, action != "join" { return .patterns([pattern]) }
      if let list = regex.array, action == "join" {
        let patterns = list.compactMap(\.string)
        if patterns.count == list.count, patterns.count > 1 { return .patterns(patterns) }
      }
      throw wrong(
        action == "join"
          ? "join's regex is not a list of two or more expressions, one for each part"
          : "\(action)'s regex is not a text")
    }
    throw wrong("\(action) is neither a name, a list of names, nor {\"regex\": ...}")
  }

  /// The rule as a file says it.
  public var json: JSONValue {
    var members: [JSONValue.Member] = []
    let which: JSONValue =
      switch selector {
      case .names(let names):
        names.count == 1 && action.name != "join"
          ? .string(names[0]) : .array(names.map(JSONValue.string))
      case .patterns(let patterns):
        [
          "regex": action.name == "join"
            ? .array(patterns.map(JSONValue.string)) : .string(patterns[0])
        ]
      }
    members.append(.init(action.name, which))
    func add(_ key: String, _ value: JSONValue) { members.append(.init(key, value)) }
    switch action {
    case .drop: break
    case .rename(let to): add("to", .string(to))
    case .permute(let axes): add("axes", .array(axes.map(JSONValue.int)))
    case .reorder(let from, let to, let axis):
      add("from", .array(from.map(JSONValue.string)))
      add("to", .array(to.map(JSONValue.string)))
      add("axis", .int(axis))
    case .split(let axis, let parts):
      add("axis", .int(axis))
      add(
        "into",
        .array(
          parts.map { part in
            part.size.map { ["name": .string(part.name), "size": .int($0)] } ?? .string(part.name)
          }))
    case .join(let axis, let to):
      add("axis", .int(axis))
      add("to", .string(to))
    }
    if isOptional { add("optional", true) }
    return .object(members)
  }
}
