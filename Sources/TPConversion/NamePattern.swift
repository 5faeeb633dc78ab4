private import Dispatch
internal import Synchronization
internal import TPBytes

/// A regular expression of a map, matched against whole names in bounded time.
///
/// Swift's `Regex` tries every way to match, which some expressions make longer than anybody waits
/// for. So the work is done on a thread of its own, and who asked goes on without it when time is up;
/// that thread may live until the process ends.
struct NamePattern {
  /// A name that matched.
  struct Match: Sendable {
    /// The name's place in the list.
    let place: Int
    /// The whole name, then what each group matched, empty where it took no part.
    let groups: [Substring]
    /// What the groups that have names matched.
    let named: [String: Substring]
  }

  /// Longer expressions are refused.
  static let longest = 1_000
  /// Groups and classes inside of each other; the parser of expressions recurses.
  static let deepest = 30

  let pattern: String
  /// How long all names together may take.
  var seconds = 10

  /// Whether an expression can be used at all.
  ///
  /// - Throws: `PortError` of kind `malformed`, as a clause about the rule.
  static func check(_ pattern: String) throws(PortError) {
    guard pattern.utf8.count <= longest else {
      throw MapRule.wrong(
        "an expression has \(pattern.utf8.count) bytes, more than \(longest)")
    }
    var depth = 0
    for byte in pattern.utf8 {
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
      guard depth <= deepest else {
        throw MapRule.wrong("an expression is nested deeper than \(deepest) levels")
      }
    }
    _ = try NamePattern(pattern: pattern).matches(in: [])
  }

  /// The names that match as a whole, in order.
  ///
  /// - Throws: `PortError` of kind `malformed` for what is no expression, of kind `limit` where time
  ///   is up; as clauses about the rule.
  func matches(in names: [String]) throws(PortError) -> [Match] {
    let answer = Answer()
    let done = DispatchSemaphore(value: 0)
    let pattern = pattern
    DispatchQueue.global().async {
      let result = Self.find(pattern, in: names)
      answer.result.withLock { $0 = result }
      done.signal()
    }
    guard case .success = done.wait(timeout: .now() + .seconds(seconds)),
      let result = answer.result.withLock({ $0 })
    else {
      throw PortError(
        .limit,
        "the expression \(printable(pattern, limit: 80)) takes longer than \(seconds) seconds",
        remedy: "repeat nothing that repeats: write [^.]+ for a component of a name")
    }
    return try result.get()
  }

  private final class Answer: Sendable {
    let result = Mutex<Result<[Match], PortError>?>(nil)
  }

  private static func find(
    _ pattern: String, in names: [String]
  ) -> Result<[Match], PortError> {
    do {
      let regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
      var found: [Match] = []
      for (place, name) in names.enumerated() {
        guard let match = try regex.wholeMatch(in: name) else { continue }
        let groups = match.output.map { $0.substring ?? "" }
        var named: [String: Substring] = [:]
        for element in match.output {
          if let name = element.name { named[name] = element.substring ?? "" }
        }
        found.append(Match(place: place, groups: groups, named: named))
      }
      return .success(found)
    } catch {
      return .failure(
        MapRule.wrong(
          "\(printable(pattern, limit: 80)) is no regular expression:"
            + " \(printable("\(error)", limit: 120))",
          remedy: "escape what stands for itself with a backslash, for example \\."))
    }
  }
}

extension NamePattern.Match {
  /// A template with what matched put in: `$0` the whole name, `$1` to `$99` a group, `${name}` or
  /// `${12}` one whose end is not clear otherwise, `$$` a dollar sign.
  ///
  /// - Throws: `PortError` of kind `malformed` for a group that the expression does not have.
  func expand(_ template: String) throws(PortError) -> String {
    var result = ""
    var rest = Substring(template)
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      if rest.first == "$" {
        result += "$"
        rest = rest.dropFirst()
        continue
      }
      var key = rest.prefix(2).prefix { $0.isASCII && $0.isNumber }
      if rest.first == "{", let end = rest.firstIndex(of: "}") {
        key = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
      } else {
        rest = rest.dropFirst(key.count)
      }
      if let number = Int(key), groups.indices.contains(number) {
        result += groups[number]
      } else if let text = named[String(key)] {
        result += text
      } else {
        throw MapRule.wrong(
          "\(printable(template, limit: 80)) asks for a group that the expression does not have",
          remedy: "it has \(groups.count - 1); write $$ for a dollar sign")
      }
    }
    return result + rest
  }
}
