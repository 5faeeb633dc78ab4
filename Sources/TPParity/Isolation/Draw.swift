/// A small generator (splitmix64): the same draw in every run.
struct Draw {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Some of the elements, in their order; all of them where there are not more.
  mutating func some(_ count: Int, of elements: [Int]) -> [Int] {
    if elements.count <= count { return elements }
    var chosen: [Int] = []
    chosen.reserveCapacity(count)
    // Each of the rest is taken with the probability that makes the number come out.
    var needed = UInt64(count)
    for (index, element) in elements.enumerated() {
      let left = UInt64(elements.count - index)
      if next() % left < needed {
        chosen.append(element)
        needed -= 1
      }
    }
    return chosen
  }
}
