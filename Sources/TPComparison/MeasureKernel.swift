internal import CTPKernels
internal import TPBytes
internal import TPTensors

/// One pass over two tensors of one type, element by element.
struct MeasureKernel<Element: MeasuredElement> {
  typealias Word = Element.Word
  /// The elements of a run; 128 KiB of float32, which stays in a processor's cache for what is read twice.
  static var run: Int { Int(TP_RUN) }

  let a: ByteRegion
  let b: ByteRegion
  /// Elements of one output channel; 0 where there are no channels.
  let channel: Int

  var count: Int { a.count / MemoryLayout<Word>.size }

  /// Everything of a run of elements.
  func sums(_ range: Range<Int>) -> MeasureSums {
    var sums = MeasureSums()
    let (left, right) = (a.bytes, b.bytes)
    var start = range.lowerBound
    while start < range.upperBound {
      // A channel at a time, so that its sums are in the order of its elements.
      let end =
        channel > 0 ? min(range.upperBound, (start / channel + 1) * channel) : range.upperBound
      let before = (sums.squaresDelta, sums.squaresA)
      (sums.squaresDelta, sums.squaresA) = (0, 0)
      for index in start..<end { add(load(left, index), load(right, index), index, &sums) }
      if channel > 0 {
        sums.add([.init(index: start / channel, delta: sums.squaresDelta, a: sums.squaresA)])
      }
      sums.squaresDelta += before.0
      sums.squaresA += before.1
      start = end
    }
    finish(&sums.a, left, range)
    finish(&sums.b, right, range)
    return sums
  }

  @inline(__always)
  private func load(_ bytes: RawSpan, _ index: Int) -> Word {
    unsafe Word(
      littleEndian: bytes.unsafeLoadUnaligned(
        fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self))
  }

  @inline(__always)
  private func add(_ left: Word, _ right: Word, _ index: Int, _ sums: inout MeasureSums) {
    let (x, y) = (Element.value(left), Element.value(right))
    sums.squaresA += x * x
    sums.squaresB += y * y
    sums.product += x * y
    look(left, x, &sums.a)
    look(right, y, &sums.b)
    guard left != right else {
      sums.finite += 1
      if Element.exponent != 0, !x.isNaN { sums.distances[0] += 1 }
      return
    }
    sums.changed += 1
    let delta = Element.delta(left, right)
    if delta != 0 {
      sums.squaresDelta += delta * delta
      let size = abs(delta)
      if sums.isLarger(size) { (sums.largest, sums.place) = (size, index) }
      if size.isFinite {
        sums.sumAbs += size
        sums.finite += 1
      }
      if x < 0 && y > 0 || x > 0 && y < 0 { sums.flips += 1 }
    } else {
      sums.finite += 1
    }
    guard let p = Element.rank(left), let q = Element.rank(right) else { return }
    let distance = UInt64(bitPattern: p > q ? p &- q : q &- p)
    sums.distances[64 - distance.leadingZeroBitCount] += 1
  }

  @inline(__always)
  private func look(_ word: Word, _ number: Double, _ side: inout SideSums) {
    guard number.isFinite else {
      if number.isNaN { side.nan += 1 } else { side.infinite += 1 }
      return
    }
    side.count += 1
    if number == 0 {
      side.zero += 1
    } else if Element.exponent != 0, word & Element.exponent == 0 {
      side.denormal += 1
    }
    if number < side.least { side.least = number }
    if number > side.greatest { side.greatest = number }
    side.sum += number
  }

  /// The mean of a run is known only after it: what lies around it takes a second look at the run.
  private func finish(_ side: inout SideSums, _ bytes: RawSpan, _ range: Range<Int>) {
    guard side.count > 0 else { return }
    side.mean = side.sum / Double(side.count)
    for index in range {
      let number = Element.value(load(bytes, index))
      if number.isFinite { side.deviation += (number - side.mean) * (number - side.mean) }
    }
  }

  /// Only squares, for `--quick`.
  func squares(_ range: Range<Int>) -> MeasureSums {
    var sums = MeasureSums()
    let (left, right) = (a.bytes, b.bytes)
    for index in range {
      let (p, q) = (load(left, index), load(right, index))
      let (x, y) = (Element.value(p), Element.value(q))
      sums.squaresA += x * x
      sums.squaresB += y * y
      sums.product += x * y
      if p == q { continue }
      sums.changed += 1
      let delta = Element.delta(p, q)
      if delta == 0 { continue }
      sums.squaresDelta += delta * delta
      if sums.isLarger(abs(delta)) { (sums.largest, sums.place) = (abs(delta), index) }
    }
    return sums
  }

  /// The norm of the first alone, where both are known to hold the same bytes.
  func squaresAlone(_ range: Range<Int>) -> MeasureSums {
    var sums = MeasureSums()
    let left = a.bytes
    var (even, odd) = (0.0, 0.0)
    var index = range.lowerBound
    while index + 1 < range.upperBound {
      let (x, y) = (Element.value(load(left, index)), Element.value(load(left, index + 1)))
      even += x * x
      odd += y * y
      index += 2
    }
    if index < range.upperBound {
      let x = Element.value(load(left, index))
      even += x * x
    }
    sums.squaresA = even + odd
    return sums
  }

  /// The numbers of the first.
  func numbers() -> [Double] {
    let bytes = a.bytes
    var values: [Double] = []
    values.reserveCapacity(count)
    for index in 0..<count { values.append(Element.value(load(bytes, index))) }
    return values
  }

  /// The differences.
  func deltas() -> [Double] {
    let (left, right) = (a.bytes, b.bytes)
    var values: [Double] = []
    values.reserveCapacity(count)
    for index in 0..<count { values.append(Element.delta(load(left, index), load(right, index))) }
    return values
  }

  /// Calls `body` with every finite |d| of a range.
  func distances(_ range: Range<Int>, _ body: (Double) -> Void) {
    let (left, right) = (a.bytes, b.bytes)
    for index in range {
      let size = abs(Element.delta(load(left, index), load(right, index)))
      if size.isFinite { body(size) }
    }
  }
}
