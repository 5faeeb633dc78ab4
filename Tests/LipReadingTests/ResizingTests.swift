import LipReading
import TPBytes
import Testing

/// Sizes, samplings and whole clips, against `cv2.resize` and NumPy.
@Suite struct ResizingTests {
  @Test func theSameBitsAsOpenCV() throws {
    let raw = try SharedBytes(path: Fixtures.root + "resized.bin").region.array()
    let cases = try #require(Fixtures.expected["resized"]?.array)
    #expect(cases.count == 27)
    #expect(Fixtures.pattern(8, seed: 1) == Fixtures.expected["pattern"]?.bytes)
    for known in cases {
      let (source, target) = (
        try #require(known["source"]?.integers), try #require(known["target"]?.integers)
      )
      let offset = try #require(known["offset"]?.int)
      let frame = try GrayFrame(
        Fixtures.pattern(source[0] * source[1], seed: 1), width: source[1], height: source[0],
        format: .gray)
      let found = try frame.resized(width: target[1], height: target[0])
      let same = found.values == Array(raw[offset..<offset + target[0] * target[1]])
      #expect(same, "\(source) to \(target)")
    }
  }

  @Test(arguments: FrameSampling.allCases) func sampling(_ sampling: FrameSampling) throws {
    let cases = try #require(Fixtures.expected[sampling.rawValue]?.members)
    #expect(cases.count == 10)
    for known in cases {
      let count = try #require(Int(known.key))
      #expect(sampling.indexes(of: count, count: 32) == known.value.integers, "\(count)")
    }
  }

  @Test func evenlyAsNumPyForEveryLength() throws {
    let sums = try #require(Fixtures.expected["even_checksums"]?.members)
    #expect(sums.count == 5)
    for sum in sums {
      let needed = try #require(Int(sum.key))
      let all = (1..<2000).flatMap { FrameSampling.even.indexes(of: $0, count: needed) }
      #expect(Fixtures.checksum(all) == sum.value.string)
    }
    #expect(FrameSampling.even.indexes(of: 5, count: 1) == [0])
    #expect(FrameSampling.even.indexes(of: 5, count: 0) == [])
  }

  @Test func aClipOfFrames() throws {
    var preparation = try FramePreparation(extents: [1, 4, 2, 3])
    let frames = try (0..<6).map { number in
      try GrayFrame(
        [UInt8](repeating: UInt8(number * 51), count: 6), width: 3, height: 2, format: .gray)
    }
    func levels(_ frames: [GrayFrame]) throws -> [Float] {
      let values = try preparation.values(frames)
      #expect(values.count == 24)
      return stride(from: 0, to: 24, by: 6).map { values[$0] }
    }
    #expect(try levels(frames) == [1, 2, 3, 4].map { Float($0 * 51) / 255 })
    #expect(try levels(Array(frames[4...])) == [204, 255, 255, 255].map { Float($0) / 255 })
    preparation.sampling = .even
    #expect(try levels(frames) == [0, 51, 153, 255].map { Float($0) / 255 })
    #expect(throws: PortError.self) { try preparation.values([]) }
  }

  @Test(
    arguments: [
      [3, 32, 64, 96], [1, 32, 64], [1, 0, 64, 96], [1, 32, 0, 96], [1, 32, 64, 20_000],
    ])
  func refusesNetworksThatTakeNoFrames(extents: [Int]) {
    #expect(throws: PortError.self) { try FramePreparation(extents: extents) }
  }

  @Test func refusesSizesThatNoFrameHas() throws {
    let frame = try GrayFrame([0], width: 1, height: 1, format: .gray)
    #expect(throws: PortError.self) { try frame.resized(width: 0, height: 1) }
    #expect(throws: PortError.self) { try frame.resized(width: 1, height: Int.max) }
  }
}
