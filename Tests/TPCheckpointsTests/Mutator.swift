import TestSupport

/// Damages bytes in the ways in which files are damaged, by accident and on purpose.
enum Mutator {
  /// One to four changes at random places.
  static func mutate(
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

/// Writes zip files of stored members, so that a damaged member can have the right checksum.
enum TestZip {
  static func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for member in members {
      let name = Array(member.name.utf8)
      let header =
        little(20, 2) + little(0x0800, 2) + little(0, 2) + little(0, 4)
        + little(checksum(member.bytes), 4) + little(UInt32(member.bytes.count), 4)
        + little(UInt32(member.bytes.count), 4) + little(UInt32(name.count), 2) + little(0, 2)
      directory += [0x50, 0x4B, 1, 2] + little(20, 2) + header
      directory += little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4)
      directory += little(UInt32(file.count), 4) + name
      file += [0x50, 0x4B, 3, 4] + header + name + member.bytes
    }
    let count = UInt32(members.count)
    let end =
      [0x50, 0x4B, 5, 6] + little(0, 4) + little(count, 2) + little(count, 2)
      + little(UInt32(directory.count), 4) + little(UInt32(file.count), 4) + little(0, 2)
    return file + directory + end
  }

  private static func little(_ value: UInt32, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
    }
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }
}
