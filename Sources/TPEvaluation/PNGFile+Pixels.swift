internal import LipReading
internal import TPBytes

extension PNGFile {
  /// The picture in gray, by what `cv2.imread` makes of it: alpha is dropped, fewer bits are scaled to
  /// 8, of 16 the high 8 are taken; no gamma, no colour profile and no rotation is applied.
  ///
  /// - Throws: `PortError` of kind `malformed`, or `limit` where its pixels are more bytes than a
  ///   picture may be inflated to.
  func frame(limits: ReadLimits) throws(PortError) -> GrayFrame {
    let passes = self.passes
    let size = passes.reduce(0) { $0 + $1.height * (1 + rowBytes($1.width)) }
    guard size <= limits.materialisedBytes else {
      throw PortError(
        .limit, "its pixels are \(size) bytes, more than the limit allows",
        remedy: ReadLimits.Named.materialisedBytes.remedy)
    }
    var lines = try Deflate.inflate(packed, to: size)
    var channels = [UInt8](repeating: 0, count: width * height * (isGray ? 1 : 3))
    var start = 0
    for pass in passes {
      let line = 1 + rowBytes(pass.width)
      for y in 0..<pass.height {
        let at = start + y * line
        try unfilter(&lines, at: at, line: line, above: y > 0 ? at - line : nil)
        try spread(lines, at: at + 1, pass, y, into: &channels)
      }
      start += line * pass.height
    }
    return try GrayFrame(channels, width: width, height: height, format: isGray ? .gray : .rgb)
  }

  private var isGray: Bool { colour == .gray || colour == .grayAlpha }

  private func rowBytes(_ width: Int) -> Int { (width * colour.samples * depth + 7) / 8 }

  /// Pixels that are stored one after another: all, or each one of Adam7's seven.
  struct Pass {
    var (x, y, stepX, stepY) = (0, 0, 1, 1)
    var (width, height) = (0, 0)
  }

  private var passes: [Pass] {
    let steps =
      isInterlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ] : [(0, 0, 1, 1)]
    return steps.map { x, y, stepX, stepY in
      Pass(
        x: x, y: y, stepX: stepX, stepY: stepY, width: max(0, width - x + stepX - 1) / stepX,
        height: max(0, height - y + stepY - 1) / stepY)
    }.filter { $0.width > 0 && $0.height > 0 }
  }

  /// Undoes the filter of a line, whose first byte says which.
  private func unfilter(
    _ lines: inout [UInt8], at start: Int, line: Int, above: Int?
  ) throws(PortError) {
    let kind = lines[start]
    // Bytes of a pixel, at least one.
    let step = max(1, colour.samples * depth / 8)
    guard kind <= 4 else {
      throw PortError(
        .malformed, "a line of its pixels has the filter \(kind), which PNG does not know")
    }
    guard kind != 0 else { return }
    for x in 1..<line {
      let left = x > step ? lines[start + x - step] : 0
      let up = above.map { lines[$0 + x] } ?? 0
      let guess: UInt8
      switch kind {
      case 1: guess = left
      case 2: guess = up
      case 3: guess = UInt8((UInt16(left) + UInt16(up)) / 2)
      default:
        let corner = x > step ? above.map { lines[$0 + x - step] } ?? 0 : 0
        guess = PNGFile.paeth(left, up, corner)
      }
      lines[start + x] &+= guess
    }
  }

  /// The neighbour that is nearest to left + up - corner.
  private static func paeth(_ left: UInt8, _ up: UInt8, _ corner: UInt8) -> UInt8 {
    let (a, b, c) = (Int(left), Int(up), Int(corner))
    let (near, upper, diagonal) = (abs(b - c), abs(a - c), abs(a + b - 2 * c))
    if near <= upper, near <= diagonal { return left }
    return upper <= diagonal ? up : corner
  }

  /// Puts the pixels of a line where they belong, 8 bits for each channel.
  private func spread(
    _ lines: [UInt8], at start: Int, _ pass: Pass, _ y: Int, into channels: inout [UInt8]
  ) throws(PortError) {
    let row = (pass.y + y * pass.stepY) * width
    let samples = colour.samples
    for x in 0..<pass.width {
      let pixel = row + pass.x + x * pass.stepX
      switch colour {
      case .gray where depth < 8:
        let largest = 1 << depth - 1
        channels[pixel] = UInt8(truncatingIfNeeded: bits(lines, start, x) * (255 / largest))
      case .gray, .grayAlpha:
        channels[pixel] = lines[start + x * samples * depth / 8]
      case .palette:
        let index = depth < 8 ? bits(lines, start, x) : Int(lines[start + x])
        guard index * 3 + 2 < palette.count else {
          throw PortError(
            .malformed, "a pixel has colour \(index) of a palette of \(palette.count / 3)")
        }
        for channel in 0..<3 { channels[pixel * 3 + channel] = palette[index * 3 + channel] }
      case .rgb, .rgba:
        for channel in 0..<3 {
          channels[pixel * 3 + channel] = lines[start + (x * samples + channel) * depth / 8]
        }
      }
    }
  }

  /// A sample of fewer than 8 bits; the leftmost stands in the high ones.
  private func bits(_ lines: [UInt8], _ start: Int, _ x: Int) -> Int {
    let byte = lines[start + x * depth / 8]
    return Int(byte >> UInt8(8 - depth - x * depth % 8)) & (1 << depth - 1)
  }
}
