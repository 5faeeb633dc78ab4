internal import CTPKernels

/// Exact order statistics of non-negative numbers that can be gone through again and again, in memory
/// that does not grow with them: a histogram of the high bits of their patterns, whose order is theirs,
/// then of the next bits inside of the bin that is wanted, until what is left fits.
struct OrderStatistics {
  /// How many numbers are kept at most.
  private static let most = 1 << 20
  /// Calls its argument with every number, in any order.
  typealias Pass = ((Double) -> Void) -> Void

  /// The numbers of the given ranks, from 0 in ascending order.
  ///
  /// - Precondition: every rank is below `count`, how many numbers there are.
  static func values(_ ranks: [Int], count: Int, _ pass: Pass) -> [Double] {
    if count <= most / 16 {
      let all = sorted(count, prefix: 0, shift: 64, pass)
      return ranks.map { all[$0] }
    }
    var found: [Int: Double] = [:]
    select(Array(Set(ranks)).sorted(), prefix: 0, shift: 64, skipped: 0, &found, pass)
    return ranks.map { found[$0] ?? .nan }
  }

  /// - Parameters:
  ///   - prefix: the bits above `shift` of all numbers that are looked at.
  ///   - skipped: how many numbers are less than these.
  private static func select(
    _ ranks: [Int], prefix: UInt64, shift: Int, skipped: Int, _ found: inout [Int: Double],
    _ pass: Pass
  ) {
    let next = shift - 16
    var histogram = [Int](repeating: 0, count: 1 << 16)
    pass { number in
      let bits = number.bitPattern
      if shift == 64 || bits >> UInt64(shift) == prefix {
        histogram[Int((bits >> UInt64(next)) & 0xFFFF)] += 1
      }
    }
    var below = skipped
    var rest = ranks[...]
    for (bin, count) in histogram.enumerated() where count > 0 {
      let inside = rest.prefix { $0 < below + count }
      rest = rest.dropFirst(inside.count)
      defer { below += count }
      if inside.isEmpty { continue }
      let own = prefix << 16 | UInt64(bin)
      if next == 0 {
        for rank in inside { found[rank] = Double(bitPattern: own) }
      } else if count <= most {
        let numbers = sorted(count, prefix: own, shift: next, pass)
        for rank in inside { found[rank] = numbers[rank - below] }
      } else {
        select(Array(inside), prefix: own, shift: next, skipped: below, &found, pass)
      }
      if rest.isEmpty { return }
    }
  }

  /// The numbers whose bits above `shift` are the prefix.
  private static func sorted(
    _ count: Int, prefix: UInt64, shift: Int, _ pass: Pass
  ) -> [Double] {
    var numbers: [Double] = []
    numbers.reserveCapacity(count)
    pass { number in
      if number.bitPattern >> UInt64(shift) == prefix { numbers.append(number) }
    }
    numbers.sort()
    return numbers
  }

  /// Numbers whose high bits have been counted.
  struct Source {
    /// How many numbers have which bits above `shift`.
    let counts: [Int]
    let shift: Int
    /// The numbers whose bits lie in each of at most two ranges, given how many those are.
    let gather: ([ClosedRange<UInt64>], [Int]) -> [[Double]]
    /// Calls its second argument with every number whose bits lie in a range.
    let pass: (ClosedRange<UInt64>, (Double) -> Void) -> Void
  }

  /// The numbers of the given ranks, likewise.
  static func values(_ ranks: [Int], of source: Source) -> [Double] {
    var found: [Int: Double] = [:]
    var rest = Array(Set(ranks)).sorted()[...]
    var wanted: [(range: ClosedRange<UInt64>, count: Int, below: Int, ranks: [Int])] = []
    var below = 0
    for (bin, count) in source.counts.enumerated() where count > 0 {
      let inside = Array(rest.prefix { $0 < below + count })
      rest = rest.dropFirst(inside.count)
      defer { below += count }
      if inside.isEmpty { continue }
      let first = UInt64(bin) << UInt64(source.shift)
      let range = first...first | (1 << UInt64(source.shift) - 1)
      if count <= most {
        wanted.append((range, count, below, inside))
      } else {
        select(inside, prefix: UInt64(bin), shift: source.shift, skipped: below, &found) {
          source.pass(range, $0)
        }
      }
      if rest.isEmpty { break }
    }
    for first in stride(from: 0, to: wanted.count, by: 2) {
      let pair = wanted[first..<min(first + 2, wanted.count)]
      let numbers = source.gather(pair.map(\.range), pair.map(\.count))
      for (own, numbers) in zip(pair, numbers) {
        let values = selected(own.ranks.map { $0 - own.below }, of: numbers)
        for (rank, value) in zip(own.ranks, values) { found[rank] = value }
      }
    }
    return ranks.map { found[$0] ?? .nan }
  }

  /// The numbers of the given ranks among some.
  static func selected(_ ranks: [Int], of numbers: [Double]) -> [Double] {
    var found: [Int: Double] = [:]
    for rank in ranks where found[rank] == nil && numbers.indices.contains(rank) {
      var copy = numbers
      var pair = [0.0, 0.0]
      unsafe tp_select(&copy, copy.count, rank, &pair)
      found[rank] = pair[0]
      if rank + 1 < numbers.count { found[rank + 1] = pair[1] }
    }
    return ranks.map { found[$0] ?? .nan }
  }

  /// A quantile as NumPy's `linear` has it: between the numbers of the ranks around (n - 1) q.
  static func quantiles(_ shares: [Double], count: Int, _ pass: Pass) -> [Double] {
    quantiles(shares, count: count) { ranks in values(ranks, count: count, pass) }
  }

  /// The same, with the numbers of ranks as they are given.
  static func quantiles(
    _ shares: [Double], count: Int, values: ([Int]) -> [Double]
  ) -> [Double] {
    guard count > 0 else { return shares.map { _ in .nan } }
    let places = shares.map { $0 * Double(count - 1) }
    let ranks = places.flatMap { place -> [Int] in
      let low = Int(place)
      return [low, min(low + 1, count - 1)]
    }
    let numbers = values(ranks)
    return places.indices.map { index in
      let share = places[index] - places[index].rounded(.down)
      let (low, high) = (numbers[2 * index], numbers[2 * index + 1])
      return low + (high - low) * share
    }
  }
}
