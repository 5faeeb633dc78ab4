import LipReading
import TPBytes
import Testing

/// What OpenCV and NumPy say: fixtures/frames.py wrote it.
enum Fixtures {
  static let root =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/fixtures/frames/"

  static let expected: JSONValue = {
    guard let file = try? SharedBytes(path: root + "expected.json") else { return .null }
    return (try? JSONValue(parsing: file.bytes)) ?? .null
  }()

  /// The script's `pattern`: the top bytes of a linear congruential generator.
  static func pattern(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
      defer { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
      return UInt8(state >> 56)
    }
  }

  /// The script's `checksum`.
  static func checksum(_ values: some Sequence<Int>) -> String {
    var (sum, place) = (UInt64(0), UInt64(0))
    for value in values {
      sum = sum &+ UInt64(value) &* (2 &* place &+ 1)
      place += 1
    }
    return String(sum)
  }
}

extension JSONValue {
  var integers: [Int] { (array ?? []).compactMap(\.int) }
  var bytes: [UInt8] { integers.compactMap(UInt8.init(exactly:)) }
}
