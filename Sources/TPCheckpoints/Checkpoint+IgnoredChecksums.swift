public import TPBytes
public import TPTensors

extension Checkpoint {
  /// A sentence that names the records whose wrong checksums `limits` made readers ignore; costs a
  /// pass over the file where they are ignored at all.
  public func ignoredChecksums(limits: ReadLimits) -> [String] {
    guard limits.ignoresChecksums else { return [] }
    let wrong = verifyChecksums().mismatched
    guard !wrong.isEmpty else { return [] }
    let names = wrong.prefix(5).map { printable($0, limit: 60) }.joined(separator: ", ")
    let more = wrong.count > 5 ? " and \(wrong.count - 5) more" : ""
    return ["wrong checksums were ignored: \(names)\(more)"]
  }
}
