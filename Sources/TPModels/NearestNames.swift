/// How many insertions, deletions, replacements and exchanges of neighbouring bytes turn one text
/// into the other, no byte touched twice.
///
/// - Complexity: O(a.count * b.count); callers bound the lengths.
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var row = Array(0...b.count)
  var (above, twoAbove) = (row, row)
  for (i, left) in a.enumerated() {
    (twoAbove, above, row) = (above, row, twoAbove)
    row[0] = i + 1
    for (j, right) in b.enumerated() {
      row[j + 1] = min(above[j] + (left == right ? 0 : 1), above[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, left == b[j - 1], right == a[i - 1] {
        row[j + 1] = min(row[j + 1], twoAbove[j - 1] + 1)
      }
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
