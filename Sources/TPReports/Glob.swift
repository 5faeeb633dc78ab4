/// A pattern over names: `*` stands for any characters, `?` for one, `[a-z]` and `[!a-z]` for one of
/// or none of some.
public struct Glob: Hashable, Sendable {
  private let pattern: [Unicode.Scalar]

  /// A pattern as typed.
  public init(_ pattern: String) {
    self.pattern = Array(pattern.unicodeScalars)
  }

  /// Whether the whole of a name fits.
  public func matches(_ name: String) -> Bool {
    let text = Array(name.unicodeScalars)
    var (at, place) = (0, 0)
    // Where the last star stood and how much it has swallowed: one step back is always enough.
    var star: (at: Int, place: Int)?
    while place < text.count {
      if at < pattern.count, pattern[at] == "*" {
        star = (at, place)
        at += 1
      } else if let next = step(at, text[place]) {
        at = next
        place += 1
      } else if let last = star {
        star = (last.at, last.place + 1)
        at = last.at + 1
        place = last.place + 1
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == "*" }
  }

  /// Where the pattern goes on after it took one character; `nil` where it does not.
  private func step(_ at: Int, _ scalar: Unicode.Scalar) -> Int? {
    guard at < pattern.count else { return nil }
    switch pattern[at] {
    case "?": return at + 1
    case "[":
      guard let end = pattern[at...].dropFirst(2).firstIndex(of: "]") else { fallthrough }
      var members = pattern[(at + 1)..<end]
      let isNegated = members.first == "!"
      if isNegated { members = members.dropFirst() }
      return contains(members, scalar) != isNegated ? end + 1 : nil
    default: return pattern[at] == scalar ? at + 1 : nil
    }
  }

  private func contains(_ members: ArraySlice<Unicode.Scalar>, _ scalar: Unicode.Scalar) -> Bool {
    var rest = members
    while let first = rest.popFirst() {
      if rest.count >= 2, rest.first == "-", let last = rest.dropFirst().first {
        if first <= last, (first...last).contains(scalar) { return true }
        rest = rest.dropFirst(2)
      } else if first == scalar {
        return true
      }
    }
    return false
  }
}
