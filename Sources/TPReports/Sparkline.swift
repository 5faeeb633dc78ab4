/// Numbers as a row of blocks of eight heights, for a terminal: the least is the lowest block.
package func sparkline(_ values: [Double], width: Int) -> String {
  let blocks = Array("▁▂▃▄▅▆▇█")
  let finite = values.filter(\.isFinite)
  guard width > 0, let least = finite.min(), let greatest = finite.max() else { return "" }
  return resampled(values, to: width).map { value in
    guard let value, value.isFinite else { return " " }
    // Halves, so that no range of doubles is too wide.
    let range = greatest / 2 - least / 2
    if range == 0 { return String(blocks[3]) }
    let height = (value / 2 - least / 2) / range * 8
    return String(blocks[max(0, min(7, Int(height)))])
  }.joined()
}

/// At most `width` values: where there are more, the mean of the finite ones of each bucket; `nil` where a
/// bucket has none.
private func resampled(_ values: [Double], to width: Int) -> [Double?] {
  if values.count <= width { return values.map { $0.isFinite ? $0 : nil } }
  return (0..<width).map { bucket in
    let range = bucket * values.count / width..<(bucket + 1) * values.count / width
    let part = values[range].filter(\.isFinite)
    return part.isEmpty ? nil : part.reduce(0) { $0 + $1 / Double(part.count) }
  }
}
