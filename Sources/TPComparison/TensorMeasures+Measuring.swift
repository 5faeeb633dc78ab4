internal import CTPKernels
internal import Synchronization
internal import TPBytes
internal import TPModels
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
  let isSame = haveSameBytes(left, right)
  guard a.dtype.measuredParts > 0, !options.isBitsAlone else {
    return (isSame ? .identical : .changed, nil)
  }
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
    let question = MeasureKernel<Element>.Question(
      isQuick: isQuick, isSame: isSame, variant: options.kernels.code)
    let histogram =
      isQuick || isSame || Element.kernel == nil || kernel.count <= Sizes<Element>.few
      ? nil : SizeHistogram()
    let sums = kernel.sums(question, histogram)
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
    if !isQuick { measures.details = details(sums, kernel, histogram) }
    if options.wantsSingularValues, parts == 1, extents.count >= 2 {
      measures.singularValues = singularValues(kernel, rows: extents[0])
    }
    return measures
  }

  private func details<Element: MeasuredElement>(
    _ sums: MeasureSums, _ kernel: MeasureKernel<Element>, _ histogram: SizeHistogram?
  ) -> TensorMeasures.Details {
    var details = TensorMeasures.Details()
    details.nonFinite = kernel.count - sums.finite
    if sums.finite > 0 { details.meanAbs = sums.sumAbs / Double(sums.finite) }
    let shares = [0.5, 0.99]
    let quantiles: [Double]
    if sums.changed == 0 && sums.finite > 0 {
      quantiles = [0, 0]
    } else if let type = Element.kernel {
      quantiles = Sizes(kernel: kernel, type: type, variant: options.kernels.code)
        .quantiles(shares, finite: sums.finite, histogram)
    } else {
      quantiles = OrderStatistics.quantiles(shares, count: sums.finite) { body in
        kernel.distances(0..<kernel.count, body)
      }
    }
    (details.medianAbs, details.p99Abs) = (quantiles[0], quantiles[1])
    details.signFlips = sums.flips
    if Element.exponent != 0 {
      let last = sums.distances.lastIndex { $0 != 0 } ?? -1
      details.ulps = sums.distances[...last].map { Int($0) }
    }
    let moved = sums.channels.filter { $0.delta != 0 }.sorted { $0.moved(beyond: $1) }
    details.channels = moved.prefix(MeasureSums.mostChannels).map {
      .init(index: $0.index, normDelta: $0.delta.squareRoot(), normA: $0.a.squareRoot())
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

extension MeasureKernel {
  /// The sums over all elements.
  fileprivate func sums(_ question: Question, _ histogram: SizeHistogram?) -> MeasureSums {
    let parts = Lumps.map(count) { lump in
      guard let histogram else { return unsafe sums(question, lump, nil) }
      return unsafe histogram.counting { unsafe sums(question, lump, $0) }
    }
    var total = MeasureSums()
    for part in parts { total.add(part) }
    settlePlace(&total, question.variant)
    return total
  }

  private func sums(
    _ question: Question, _ lump: Range<Int>, _ sizes: UnsafeMutablePointer<UInt32>?
  ) -> MeasureSums {
    var total = MeasureSums()
    for run in lump.runs(Self.run) { total.add(unsafe answer(question, run, sizes)) }
    return total
  }
}

/// Compares byte by byte, on several processors where there are many.
private func haveSameBytes(_ a: ByteRegion, _ b: ByteRegion) -> Bool {
  guard a.count == b.count else { return false }
  let differ = Atomic(false)
  _ = Lumps.map(a.count) { lump in
    guard !differ.load(ordering: .relaxed),
      let left = a.slice(offset: lump.lowerBound, length: lump.count),
      let right = b.slice(offset: lump.lowerBound, length: lump.count)
    else { return }
    if !left.hasSameBytes(as: right) { differ.store(true, ordering: .relaxed) }
  }
  return !differ.load(ordering: .relaxed)
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
