public import TPBytes

// The arithmetic of `cv2.resize` with `INTER_LINEAR` on 8-bit values, as OpenCV 4.11.0 and 5.0.0 have it:
// - the middle of target pixel d lies at (d + 0.5) scale - 0.5 of the source, in float64, rounded to float32;
//   its floor is the first source pixel, the rest f the weight of the next;
// - the weights (1 - f) and f become integers of 11 bits, rounded half to even;
// - along a row, sums of 19 bits; at both ends the outermost pixel alone;
// - down the columns, (b0 (s0 >> 4) >> 16) + (b1 (s1 >> 4) >> 16), and the last two bits rounded;
// - where both sides are halved exactly, the mean of four pixels, rounded half up, takes its place.

extension GrayFrame {
  /// The picture in another size, to the bit as `cv2.resize` with `INTER_LINEAR` makes it.
  ///
  /// - Throws: `PortError` of kind `limit` for a size that no frame can have.
  public func resized(width: Int, height: Int) throws(PortError) -> GrayFrame {
    try GrayFrame.check(width: width, height: height)
    if width == self.width, height == self.height { return self }
    let values =
      width * 2 == self.width && height * 2 == self.height
      ? halved() : interpolated(width: width, height: height)
    return GrayFrame(unchecked: values, width: width, height: height)
  }

  /// The mean of each two by two pixels.
  private func halved() -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(values.count / 4)
    for y in 0..<height / 2 {
      for x in 0..<width / 2 {
        let at = 2 * y * width + 2 * x
        let upper = UInt16(values[at]) + UInt16(values[at + 1])
        let lower = UInt16(values[at + width]) + UInt16(values[at + width + 1])
        result.append(UInt8(truncatingIfNeeded: (upper + lower + 2) >> 2))
      }
    }
    return result
  }

  private func interpolated(width: Int, height: Int) -> [UInt8] {
    let across = (0..<width).map { Tap($0, of: width, in: self.width).clamped(to: self.width) }
    // The two source rows that the last target row was made of: most of them are wanted again.
    var known: [(row: Int, sums: [Int32])] = []
    func sums(_ row: Int) -> [Int32] {
      if let found = known.first(where: { $0.row == row }) { return found.sums }
      let line = values[row * self.width..<(row + 1) * self.width]
      let sums = across.map { tap in
        let first = line.startIndex + tap.place
        let second = min(first + 1, line.endIndex - 1)
        return Int32(line[first]) * tap.weights.0 + Int32(line[second]) * tap.weights.1
      }
      known = known.suffix(1) + [(row, sums)]
      return sums
    }
    var result: [UInt8] = []
    result.reserveCapacity(width * height)
    for y in 0..<height {
      // Here the weights stay as they are beyond the ends, and the row is the outermost one twice.
      let tap = Tap(y, of: height, in: self.height)
      let upper = sums(min(max(tap.place, 0), self.height - 1))
      let lower = sums(min(max(tap.place + 1, 0), self.height - 1))
      for (a, b) in zip(upper, lower) {
        let sum = (tap.weights.0 * (a >> 4)) >> 16 + (tap.weights.1 * (b >> 4)) >> 16
        result.append(UInt8(clamping: (sum + 2) >> 2))
      }
    }
    return result
  }
}

/// Of which two neighbours a target pixel is made, and with what weights of 11 bits.
private struct Tap {
  /// The first of the two; -1 at the least.
  var place: Int
  var weights: (Int32, Int32)

  /// - Parameters:
  ///   - target: from 0.
  ///   - count: how many targets there are.
  ///   - source: how many pixels there are to make them of.
  init(_ target: Int, of count: Int, in source: Int) {
    // Twice divided, as OpenCV does; once divided is another number at times.
    let scale = 1 / (Double(count) / Double(source))
    let middle = Float((Double(target) + 0.5) * scale - 0.5)
    place = Int(middle.rounded(.down))
    weights = Tap.weights(middle - Float(place))
  }

  /// The same with the outermost pixel alone where the two do not both lie inside.
  func clamped(to source: Int) -> Tap {
    guard place < 0 || place >= source - 1 else { return self }
    var copy = self
    copy.place = place < 0 ? 0 : source - 1
    copy.weights = Tap.weights(0)
    return copy
  }

  private static func weights(_ rest: Float) -> (Int32, Int32) {
    (
      Int32(((1 - rest) * 2048).rounded(.toNearestOrEven)),
      Int32((rest * 2048).rounded(.toNearestOrEven))
    )
  }
}
