/// Damages bytes in the ways in which files are damaged, by accident and on purpose.
package enum Mutator {
  /// One to four changes at random places.
  package static func mutate(
    _ bytes: [UInt8], with other: [UInt8], _ random: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      change(&bytes, other, &random)
    }
    return bytes
  }

  private static func change(
    _ bytes: inout [UInt8], _ other: [UInt8], _ random: inout SeededGenerator
  ) {
    guard !bytes.isEmpty else {
      bytes = [UInt8.random(in: 0...255, using: &random)]
      return
    }
    let place = Int.random(in: 0..<bytes.count, using: &random)
    let length = Int.random(in: 1...min(64, bytes.count - place), using: &random)
    switch Int.random(in: 0..<9, using: &random) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 2: bytes.removeSubrange(place..<place + length)
    case 3: bytes.removeSubrange(place...)
    case 4: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
    case 5:
      let zeros = Int.random(in: 0...1, using: &random) == 0
      for index in place..<place + length { bytes[index] = zeros ? 0 : 0xFF }
    case 6:
      // A number that is one too many, the largest, or negative.
      let width = [1, 2, 4, 8].randomElement(using: &random) ?? 1
      let values: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, .max, UInt64(bytes.count),
        UInt64(bytes.count) + 1, UInt64(place), 1 << 62, 1 << 63,
      ]
      let value = values.randomElement(using: &random) ?? 0
      for index in 0..<min(width, bytes.count - place) {
        bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
      }
    case 7 where !other.isEmpty:
      let start = Int.random(in: 0..<other.count, using: &random)
      bytes.insert(contentsOf: other[start...].prefix(length), at: place)
    default:
      let target = Int.random(in: 0..<bytes.count, using: &random)
      bytes.swapAt(place, target)
    }
  }
}
