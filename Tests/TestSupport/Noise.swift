/// Numbers from 0 to 1 that are the same in every run: the top bits of a linear congruential generator.
package struct UniformNoise {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) * 0x1p-24
  }

  package mutating func next(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}

extension [Float] {
  package var bits: [UInt32] { map(\.bitPattern) }
}
