private import Dispatch
internal import Synchronization
internal import TPBytes
internal import TPTensors

/// What the bits of two tensors of one shape and type have to do with each other.
enum BitComparison {
  case identical
  /// Every pair is equal, or NaN on both sides; some bits differ all the same.
  case equalValues
  case changed
}

/// Compares two tensors of one shape and type, and measures what lies between them.
///
/// - Throws: `PortError` naming the file whose bytes cannot be had.
func measure(
  _ a: Tensor, _ b: Tensor, _ files: (a: String, b: String), _ options: DiffOptions
) throws(PortError) -> (bits: BitComparison, measures: TensorMeasures?) {
  let left = try elements(of: a, in: files.a)
  let right = try elements(of: b, in: files.b)
  let isSame = left.hasSameBytes(as: right)
  guard a.dtype.measuredParts > 0 else { return (isSame ? .identical : .changed, nil) }
  let pair = MeasuredPair(a: left, b: right, isSame: isSame, tensor: a, options: options)
  let measures =
    switch a.dtype {
    case .float64, .complex128: pair.measures(Float64Element.self)
    case .float32, .complex64: pair.measures(Float32Element.self)
    case .float16: pair.measures(Float16Element.self)
    case .bfloat16: pair.measures(BFloat16Element.self)
    case .int64: pair.measures(IntegerElement<Int64>.self)
    case .int32: pair.measures(IntegerElement<Int32>.self)
    case .int16: pair.measures(IntegerElement<Int16>.self)
    case .int8: pair.measures(IntegerElement<Int8>.self)
    case .uint64: pair.measures(IntegerElement<UInt64>.self)
    case .uint32: pair.measures(IntegerElement<UInt32>.self)
    case .uint16: pair.measures(IntegerElement<UInt16>.self)
    case .uint8: pair.measures(IntegerElement<UInt8>.self)
    default: pair.measures(BoolElement.self)
    }
  if isSame { return (.identical, measures) }
  return (measures.maxIndex == nil ? .equalValues : .changed, measures)
}

private func elements(of tensor: Tensor, in file: String) throws(PortError) -> ByteRegion {
  do throws(PortError) {
    return try tensor.contiguousBytes()
  } catch {
    throw error.in(file: file)
  }
}

/// Two tensors' elements as bytes.
private struct MeasuredPair {
  let a: ByteRegion
  let b: ByteRegion
  let isSame: Bool
  let tensor: Tensor
  let options: DiffOptions

  func measures<Element: MeasuredElement>(_: Element.Type) -> TensorMeasures {
    let parts = tensor.dtype.measuredParts
    let extents = tensor.shape.extents
    let channel = extents.count < 2 ? 0 : extents.dropFirst().reduce(parts, *)
    let kernel = MeasureKernel<Element>(a: a, b: b, channel: channel)
    let isQuick = options.isQuick
    let sums = inRuns(kernel.count, MeasureKernel<Element>.run) { range in
      if !isQuick { return kernel.sums(range) }
      return isSame ? kernel.squaresAlone(range) : kernel.squares(range)
    }
    var measures = TensorMeasures()
    measures.normA = sums.squaresA.squareRoot()
    measures.normB = isSame ? measures.normA : sums.squaresB.squareRoot()
    measures.normDelta = sums.squaresDelta.squareRoot()
    measures.maxAbs = sums.largest
    measures.maxIndex = sums.place < 0 ? nil : sums.place / parts
    measures.changedCount =
      parts == 1 || isSame
      ? sums.changed : differingElements(a, b, size: tensor.dtype.byteCount)
    measures.changed = Double(measures.changedCount) / Double(max(tensor.shape.elementCount, 1))
    let norms = measures.normA * measures.normB
    if norms != 0, norms.isFinite { measures.cosine = isSame ? 1 : sums.product / norms }
    if !isQuick { measures.details = details(sums, kernel) }
    if options.wantsSingularValues, parts == 1, extents.count >= 2 {
      measures.singularValues = singularValues(kernel, rows: extents[0])
    }
    return measures
  }

  private func details<Element: MeasuredElement>(
    _ sums: MeasureSums, _ kernel: MeasureKernel<Element>
  ) -> TensorMeasures.Details {
    var details = TensorMeasures.Details()
    details.nonFinite = kernel.count - sums.finite
    if sums.finite > 0 { details.meanAbs = sums.sumAbs / Double(sums.finite) }
    let quantiles =
      sums.changed == 0 && sums.finite > 0
      ? [0, 0]
      : OrderStatistics.quantiles([0.5, 0.99], count: sums.finite) { body in
        kernel.distances(0..<kernel.count, body)
      }
    (details.medianAbs, details.p99Abs) = (quantiles[0], quantiles[1])
    details.signFlips = sums.flips
    if Element.exponent != 0 {
      let last = sums.distances.lastIndex { $0 != 0 } ?? -1
      details.ulps = Array(sums.distances[...last])
    }
    let moved = sums.channels.enumerated().filter { $0.element.delta != 0 }.sorted {
      $0.element.delta > $1.element.delta
        || ($0.element.delta == $1.element.delta && $0.offset < $1.offset)
    }
    details.channels = moved.prefix(8).map {
      .init(
        index: $0.offset, normDelta: $0.element.delta.squareRoot(),
        normA: $0.element.a.squareRoot())
    }
    (details.a, details.b) = (sums.a.statistics, sums.b.statistics)
    return details
  }

  private func singularValues<Element: MeasuredElement>(
    _ kernel: MeasureKernel<Element>, rows: Int
  ) -> TensorMeasures.SingularValues? {
    guard let first = SpectralNorm.of(kernel.numbers(), rows: rows) else { return nil }
    if isSame { return .init(a: first, delta: 0) }
    guard let delta = SpectralNorm.of(kernel.deltas(), rows: rows) else { return nil }
    return .init(a: first, delta: delta)
  }
}

/// Sums over runs of a fixed length, on all processors where there are many, added in their order.
private func inRuns(
  _ count: Int, _ length: Int, _ body: @Sendable (Range<Int>) -> MeasureSums
) -> MeasureSums {
  let runs = (count + length - 1) / length
  var total = MeasureSums()
  if runs <= 8 {
    for run in 0..<runs { total.add(body(run * length..<min(count, (run + 1) * length))) }
    return total
  }
  // Not all runs of a large tensor at once: what they give would not be small any more.
  let wave = 256
  for first in stride(from: 0, to: runs, by: wave) {
    let last = min(first + wave, runs)
    let results = Mutex<[MeasureSums?]>(Array(repeating: nil, count: last - first))
    DispatchQueue.concurrentPerform(iterations: last - first) { place in
      let run = first + place
      let sums = body(run * length..<min(count, (run + 1) * length))
      results.withLock { $0[place] = sums }
    }
    for case .some(let sums) in results.withLock({ $0 }) { total.add(sums) }
  }
  return total
}

private func differingElements(_ a: ByteRegion, _ b: ByteRegion, size: Int) -> Int {
  var count = 0
  unsafe a.bytes.withUnsafeBytes { left in
    unsafe b.bytes.withUnsafeBytes { right in
      for element in 0..<left.count / max(size, 1) {
        for byte in element * size..<(element + 1) * size {
          if unsafe left[byte] != right[byte] {
            count += 1
            break
          }
        }
      }
    }
  }
  return count
}
