internal import TPBytes
internal import TPModels
internal import TPTensors

/// The models of two files under names that can be compared: without what a wrapper of one side put
/// before all of its names.
struct MatchedNames {
  private(set) var a: StateDict
  private(set) var b: StateDict

  /// Of `UnwrappedStateDict.prefixes`, which all names of a side must have, as few go as give the most
  /// names that both have.
  init(_ a: StateDict, _ b: StateDict) throws(PortError) {
    (self.a, self.b) = (a, b)
    let (left, right) = (try Self.barer(a), try Self.barer(b))
    if left.count + right.count == 2 { return }
    var most = Self.shared(a, b)
    for removed in 1..<(left.count + right.count - 1) {
      for place in 0...removed where place < left.count && removed - place < right.count {
        let count = Self.shared(left[place], right[removed - place])
        if count > most { (self.a, self.b, most) = (left[place], right[removed - place], count) }
      }
    }
  }

  private static func shared(_ a: StateDict, _ b: StateDict) -> Int {
    a.entries.count { b[$0.name] != nil }
  }

  /// A model as it is, then without its first prefix, without its first two, and so on.
  private static func barer(_ model: StateDict) throws(PortError) -> [StateDict] {
    var list = [model]
    var current = model
    // Names come from files: one of a thousand prefixes is not worth the walk.
    while list.count < 8, !current.isEmpty {
      let prefix = UnwrappedStateDict.prefixes.first { prefix in
        current.entries.allSatisfy { $0.name.hasPrefix(prefix) }
      }
      guard let prefix else { break }
      current = try StateDict(
        current.entries.map { (String($0.name.dropFirst(prefix.count)), $0.tensor) })
      list.append(current)
    }
    return list
  }
}
