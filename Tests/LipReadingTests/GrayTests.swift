import LipReading
import TPBytes
import Testing

/// Gray values and what is refused, against `cv2.cvtColor`.
@Suite struct GrayTests {
  private let expected = Fixtures.expected["gray"]

  @Test func everyColour() throws {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 << 24)
    for red in UInt8.min...UInt8.max {
      for green in UInt8.min...UInt8.max {
        for blue in UInt8.min...UInt8.max { pixels += [red, green, blue] }
      }
    }
    let frame = try GrayFrame(pixels, width: 4096, height: 4096, format: .rgb)
    #expect(Fixtures.checksum(frame.values.lazy.map(Int.init)) == expected?["every_rgb"]?.string)
  }

  @Test(arguments: PixelFormat.allCases) func everyFormatInRowsWithGaps(format: PixelFormat) throws
  {
    let known = try #require(expected?["rows"]?[format.rawValue])
    let step = try #require(known["row_bytes"]?.int)
    let bytes = Fixtures.pattern(5 * step, seed: 3)
    let frame = try GrayFrame(bytes, width: 37, height: 5, format: format, rowBytes: step)
    #expect(frame.values == known["gray"]?.bytes)
    // The last gap need not be there; a byte less is too few.
    let least = bytes.prefix(4 * step + 37 * format.byteCount)
    let same = try GrayFrame(
      Array(least), width: 37, height: 5, format: format, rowBytes: step)
    #expect(same == frame)
    #expect(throws: PortError.self) {
      try GrayFrame(Array(least.dropLast()), width: 37, height: 5, format: format, rowBytes: step)
    }
  }

  @Test(
    arguments: [
      (0, 4, nil, .limit), (4, 0, nil, .limit), (-1, 4, nil, .limit), (16_385, 1, nil, .limit),
      (16_384, 16_384, nil, .limit), (Int.max, Int.max, nil, .limit), (4, 4, 11, .mismatch),
      (4, 4, -16, .mismatch), (4, 4, Int.max, .mismatch), (4, 5, nil, .mismatch),
    ] as [(Int, Int, Int?, PortError.Kind)])
  func refuses(width: Int, height: Int, rowBytes: Int?, kind: PortError.Kind) {
    do {
      _ = try GrayFrame(
        [UInt8](repeating: 0, count: 48), width: width, height: height, format: .rgb,
        rowBytes: rowBytes)
      Issue.record("was taken")
    } catch {
      #expect(error.kind == kind)
    }
  }
}
