public import TPBytes

/// Rules that turn the tensors of one program into those of another: renamed, left out, permuted,
/// their gate blocks reordered, split and joined.
///
/// Rules are applied in order, each to what the rules before it left; `docs/mapping.md` describes
/// the file. No rule changes the bits of an element.
public struct TensorMap: Hashable, Sendable {
  /// The rules in order; their numbers in messages begin at 1.
  public let rules: [MapRule]

  /// The version of the format that is read and written.
  static let version = 1
  static let versionKey = "torchport_map"
  /// More rules than any network has tensors; a bound on the work that a file can ask for.
  static let mostRules = 100_000

  /// Rules of our own making.
  init(rules: [MapRule]) {
    self.rules = rules
  }

  /// Reads the rules.
  ///
  /// - Throws: `PortError` of kind `malformed` with the number of the rule and what is wrong.
  public init(_ json: JSONValue) throws(PortError) {
    guard let members = json.members else {
      throw PortError(
        .malformed, "a map is an object with the keys \(Self.versionKey) and rules")
    }
    for member in members where ![Self.versionKey, "rules"].contains(member.key) {
      throw PortError(
        .malformed, "a map has no key \(printable(member.key, limit: 40))",
        remedy: "its keys are \(Self.versionKey) and rules")
    }
    guard json[Self.versionKey]?.int == Self.version else {
      throw PortError(
        json[Self.versionKey] == nil ? .malformed : .unsupported,
        "the map does not say \"\(Self.versionKey)\": \(Self.version)")
    }
    guard let list = json["rules"]?.array else {
      throw PortError(.malformed, "the map's rules are not a list")
    }
    guard list.count <= Self.mostRules else {
      throw PortError(.limit, "the map has \(list.count) rules, more than \(Self.mostRules)")
    }
    var rules: [MapRule] = []
    for (place, rule) in list.enumerated() {
      do throws(PortError) {
        rules.append(try MapRule(rule))
      } catch {
        throw PortError(
          error.kind, "rule \(place + 1): " + error.message, remedy: error.remedy)
      }
    }
    self.rules = rules
  }

  /// The rules as a file says them, the same text for the same rules.
  public var json: JSONValue {
    .object([
      .init(Self.versionKey, .int(Self.version)), .init("rules", .array(rules.map(\.json))),
    ])
  }

  /// These rules, then others.
  func followed(by other: TensorMap) -> TensorMap {
    TensorMap(rules: rules + other.rules)
  }
}
