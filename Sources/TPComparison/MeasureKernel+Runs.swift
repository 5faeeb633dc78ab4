internal import CTPKernels
internal import TPBytes

/// Runs of elements by the kernels in C, where they know the type and every number is finite.
extension MeasureKernel {
  /// What is asked of a run.
  struct Question: Sendable {
    var isQuick = false
    /// Whether both are known to hold the same bytes.
    var isSame = false
    /// The number of the instructions that are used.
    var variant: Int32
  }

  /// Everything that is asked of a run.
  ///
  /// - Parameter sizes: where the sizes of the differences are counted besides, two rows of bins.
  func answer(
    _ question: Question, _ range: Range<Int>, _ sizes: UnsafeMutablePointer<UInt32>? = nil
  ) -> MeasureSums {
    if let type = Element.kernel,
      let sums = unsafe fast(question, range, type, sizes)
    {
      return sums
    }
    if !question.isQuick { return sums(range) }
    return question.isSame ? squaresAlone(range) : squares(range)
  }

  /// The bytes of a range on both sides.
  func withElements<Result>(
    _ range: Range<Int>, _ body: (UnsafeRawPointer, UnsafeRawPointer) -> Result
  ) -> Result? {
    let offset = range.lowerBound * MemoryLayout<Word>.size
    return unsafe a.bytes.withUnsafeBytes { left in
      unsafe b.bytes.withUnsafeBytes { right in
        guard let p = left.baseAddress, let q = right.baseAddress else { return nil }
        return unsafe body(p + offset, q + offset)
      }
    }
  }

  /// - Returns: `nil` where a number or its square is not finite.
  private func fast(
    _ question: Question, _ range: Range<Int>, _ type: Int32,
    _ sizes: UnsafeMutablePointer<UInt32>?
  ) -> MeasureSums? {
    let variant = question.variant
    return unsafe withElements(range) { a, b -> MeasureSums? in
      if question.isSame { return unsafe alone(question, range, type, a) }
      var sums = MeasureSums()
      var found = tp_difference()
      let count = range.count
      let isFinite =
        question.isQuick
        ? unsafe tp_compare(variant, type, count, a, b, &found)
        : unsafe tp_measure(variant, type, count, a, b, &found, &sums.distances, sizes)
      guard isFinite != 0 else { return nil }
      (sums.squaresA, sums.squaresB) = (found.a.squares, found.b.squares)
      (sums.squaresDelta, sums.product) = (found.squares, found.product)
      (sums.changed, sums.finite) = (Int(found.changed), count)
      if found.largest > 0 {
        (sums.largest, sums.place, sums.isPlaceRough) = (found.largest, range.lowerBound, true)
      }
      if question.isQuick { return sums }
      (sums.sumAbs, sums.flips) = (found.sum_abs, Int(found.flips))
      (sums.a, sums.b) = (SideSums(found.a, count: count), SideSums(found.b, count: count))
      if channel > 0 { unsafe addChannels(range, type, variant, a, b, &sums) }
      return sums
    } ?? nil
  }

  /// One side, where the other is the same.
  private func alone(
    _ question: Question, _ range: Range<Int>, _ type: Int32, _ a: UnsafeRawPointer
  ) -> MeasureSums? {
    var sums = MeasureSums()
    if question.isQuick {
      guard unsafe tp_squares(question.variant, type, range.count, a, &sums.squaresA) != 0 else {
        return nil
      }
      return sums
    }
    var side = tp_side()
    guard unsafe tp_measure_side(question.variant, type, range.count, a, &side) != 0 else {
      return nil
    }
    sums.squaresA = side.squares
    sums.finite = range.count
    sums.distances[0] = Int64(range.count)
    sums.a = SideSums(side, count: range.count)
    sums.b = sums.a
    return sums
  }

  private func addChannels(
    _ range: Range<Int>, _ type: Int32, _ variant: Int32, _ a: UnsafeRawPointer,
    _ b: UnsafeRawPointer, _ sums: inout MeasureSums
  ) {
    let first = range.lowerBound / channel
    let rest = channel - range.lowerBound % channel
    let beyond = max(0, range.count - rest)
    let count = 1 + (beyond + channel - 1) / channel
    var deltas = [Double](repeating: 0, count: count)
    var squares = deltas
    unsafe tp_channels(variant, type, range.count, a, b, rest, channel, &deltas, &squares)
    sums.add(
      (0..<count).map { .init(index: first + $0, delta: deltas[$0], a: squares[$0]) })
  }

  /// Finds the element of the largest difference where only its run is known.
  func settlePlace(_ sums: inout MeasureSums, _ variant: Int32) {
    guard sums.isPlaceRough, let type = Element.kernel else { return }
    let range = sums.place..<min(count, sums.place + Self.run)
    let largest = sums.largest
    let place = unsafe withElements(range) { a, b in
      unsafe tp_first(variant, type, range.count, a, b, largest)
    }
    sums.place += place ?? 0
    sums.isPlaceRough = false
  }
}
