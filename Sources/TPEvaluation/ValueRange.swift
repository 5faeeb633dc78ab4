/// Where the values lie that a model is given.
struct ValueRange {
  private var (low, high) = (Float.infinity, -Float.infinity)
  private var (outside, odd, count) = (0, 0, 0)

  /// Looks at more values.
  ///
  /// - Returns: the place of the first of them that is not finite; `nil` where all are.
  mutating func add(_ values: [Float]) -> Int? {
    count += values.count
    var first: Int?
    for (place, value) in values.enumerated() {
      guard value.isFinite else {
        odd += 1
        if first == nil { first = place }
        continue
      }
      if value < 0 || value > 1 { outside += 1 }
      low = min(low, value)
      high = max(high, value)
    }
    return first
  }

  /// What to say about values that a model was not trained on, as clauses.
  var warnings: [String] {
    var warnings: [String] = []
    if odd > 0 { warnings.append("\(odd) of the \(count) values are not finite") }
    if outside > 0 {
      let advice = high > 2 && high <= 255 && low >= 0 ? "; were they divided by 255?" : ""
      warnings.append(
        "\(outside) of the \(count) values lie outside of [0, 1], from \(low) to \(high)" + advice)
    }
    return warnings
  }
}
