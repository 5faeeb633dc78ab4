internal import TPBytes
internal import TPModels
internal import TPTensors

/// The models of two files under names that can be compared: without what a wrapper of one side put
/// before all of its names.
struct MatchedNames {
  private(set) var a: StateDict
  private(set) var b: StateDict

  /// A prefix of `UnwrappedStateDict.prefixes` goes where every name of one side has it and more names
  /// are the other's without it.
  init(_ a: StateDict, _ b: StateDict) throws(PortError) {
    (self.a, self.b) = (a, b)
    // Names come from files: one of a thousand prefixes is not worth the walk.
    for _ in 0..<8 {
      if let bare = try Self.bare(self.a, like: self.b) {
        self.a = bare
      } else if let bare = try Self.bare(self.b, like: self.a) {
        self.b = bare
      } else {
        return
      }
    }
  }

  private static func bare(
    _ own: StateDict, like other: StateDict
  ) throws(PortError) -> StateDict? {
    guard
      let prefix = UnwrappedStateDict.prefixes.first(where: { prefix in
        own.entries.allSatisfy { $0.name.hasPrefix(prefix) }
      }), !own.isEmpty
    else { return nil }
    let bare = try StateDict(
      own.entries.map { (String($0.name.dropFirst(prefix.count)), $0.tensor) })
    func shared(_ names: StateDict) -> Int { names.entries.count { other[$0.name] != nil } }
    return shared(bare) > shared(own) ? bare : nil
  }
}
