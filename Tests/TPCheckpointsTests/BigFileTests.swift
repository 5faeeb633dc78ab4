import Foundation
import TPBytes
import TPCheckpoints
import TPTensors
import Testing

/// A checkpoint of more than 4 GB, made by fixtures/big.py and named by `TORCHPORT_BIG`.
@Suite struct BigFileTests {
  private static let path = ProcessInfo.processInfo.environment["TORCHPORT_BIG"]

  @Test(.enabled(if: path != nil)) func itOpensAtOnceAndTakesLittleMemory() throws {
    let path = try #require(Self.path)
    let before = try privateBytes()
    var times: [Duration] = []
    let clock = ContinuousClock()
    var count = 0
    for _ in 0..<5 {
      times.append(
        try clock.measure {
          let checkpoint = try CheckpointFile.open(path: path)
          count = checkpoint.tensors.count { !$0.name.isEmpty && $0.tensor.shape.elementCount > 0 }
        })
    }
    let after = try privateBytes()
    print(
      "\(path): \(count) tensors; opened in \(times.min() ?? .zero) (best of 5) and"
        + " \(times.max() ?? .zero) (worst); \((after - before) / 1024) KiB more private memory")
    #expect(count > 0)
    #expect((times.min() ?? .zero) < .milliseconds(50))
    #expect(after - before < 60 << 20)
  }

  /// Private memory of this process, as Linux counts it; 0 elsewhere.
  private func privateBytes() throws -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/smaps_rollup", encoding: .utf8) else {
      return 0
    }
    return text.split(separator: "\n").filter { $0.hasPrefix("Private") }.reduce(0) { sum, line in
      sum + (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
    }
  }
}
