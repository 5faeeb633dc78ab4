/// How many insertions, deletions and replacements of bytes turn one text into the other.
///
/// - Complexity: O(a.count * b.count); callers bound the lengths.
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var row = Array(0...b.count)
  for (i, left) in a.enumerated() {
    var diagonal = i
    row[0] = i + 1
    for (j, right) in b.enumerated() {
      let above = row[j + 1]
      row[j + 1] = min(diagonal + (left == right ? 0 : 1), above + 1, row[j] + 1)
      diagonal = above
    }
  }
  return row[b.count]
}

/// The names that `wanted` may be a misspelling of, nearest first: at most a third of the longer
/// one differs. Names over 200 bytes are not looked at: they come from files, and the work is
/// quadratic.
///
/// - Parameters:
///   - names: what is returned, and what is compared.
///   - anyDistance: whether names that have little in common are wanted too.
package func nearest(
  _ wanted: String, among names: [(name: String, compared: String)], atMost limit: Int,
  anyDistance: Bool = false
) -> [String] {
  let own = Array(wanted.utf8)
  guard own.count <= 200 else { return [] }
  var found: [(name: String, distance: Int)] = []
  for (name, compared) in names {
    let other = Array(compared.utf8)
    guard other.count <= 200 else { continue }
    let distance = editDistance(own, other)
    let longer = max(own.count, other.count)
    if anyDistance || distance * 3 <= longer { found.append((name, distance)) }
  }
  found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
  return found.prefix(limit).map(\.name)
}
