internal import CTPKernels
internal import TPBytes
internal import TPModels
internal import TPTensors

/// The Euclidean norm of a tensor, in runs; `nil` where its elements are no real numbers.
func norm(_ tensor: Tensor?, _ kernels: KernelVariant) throws(PortError) -> Double? {
  guard let tensor, let blocks = try ElementBlocks(tensor, ReadLimits()) else { return nil }
  let type: Int32? =
    switch tensor.dtype {
    case .float64: Float64Element.kernel
    case .float32: Float32Element.kernel
    case .float16: Float16Element.kernel
    case .bfloat16: BFloat16Element.kernel
    default: nil
    }
  let (region, size) = (try tensor.contiguousBytes(), tensor.dtype.byteCount)
  let parts = Lumps.map(blocks.count) { lump in
    var sum = 0.0
    for run in lump.runs(Int(TP_RUN)) {
      var own = 0.0
      if let type {
        unsafe region.bytes.withUnsafeBytes { bytes in
          guard let start = bytes.baseAddress else { return }
          _ = unsafe tp_squares(
            kernels.code, type, run.count, start + run.lowerBound * size, &own)
        }
      } else {
        var values: [Double] = []
        blocks.load(run, into: &values)
        for value in values { own += value * value }
      }
      sum += own
    }
    return sum
  }
  return parts.reduce(0, +).squareRoot()
}

/// What Adam's step has to do with what was observed, in runs.
struct StepSums: Sendable {
  /// The sum of the squares of the step.
  private(set) var expected = 0.0
  /// The same of the observed difference.
  private(set) var observed = 0.0
  /// The sum of the products of the two.
  private(set) var product = 0.0

  private init() {}

  /// - Parameter tensors: the parameter before and after, and the two moments, of one shape; without
  ///   the moments nothing is expected.
  /// - Throws: `PortError` where the bytes of one cannot be had.
  init(_ tensors: [Tensor], _ adam: tp_adam, _ kernels: KernelVariant) throws(PortError) {
    let blocks = try ElementBlocks.all(tensors)
    var regions: [ByteRegion] = []
    for tensor in tensors { regions.append(try tensor.contiguousBytes()) }
    let isFast = tensors.count == 4 && tensors.allSatisfy { $0.dtype == .float32 }
    let sides = regions
    let parts = Lumps.map(blocks.map(\.count).min() ?? 0) { lump in
      var sums = StepSums()
      for run in lump.runs(Int(TP_RUN)) {
        if isFast {
          sums.add(sides, run, adam, kernels)
        } else {
          sums.add(blocks, run, adam)
        }
      }
      return sums
    }
    for part in parts {
      expected += part.expected
      observed += part.observed
      product += part.product
    }
  }

  private mutating func add(
    _ sides: [ByteRegion], _ run: Range<Int>, _ adam: tp_adam, _ kernels: KernelVariant
  ) {
    var sums = [0.0, 0.0, 0.0]
    var adam = adam
    unsafe withStarts(sides[...], run.lowerBound * 4, []) { starts in
      unsafe tp_adam_step(
        kernels.code, &adam, run.count, starts[0], starts[1], starts[2], starts[3], &sums)
    }
    expected += sums[0]
    observed += sums[1]
    product += sums[2]
  }

  private mutating func add(_ sides: [ElementBlocks], _ run: Range<Int>, _ adam: tp_adam) {
    var values = sides.map { _ in [Double]() }
    for (place, side) in sides.enumerated() { side.load(run, into: &values[place]) }
    let (before, after) = (values[0], values[1])
    for index in before.indices {
      let delta = after[index] - before[index]
      observed += delta * delta
      if sides.count < 4 { continue }
      let mean = values[2][index] / adam.first
      let own =
        -adam.rate
        * (mean / ((values[3][index] / adam.second).squareRoot() + adam.epsilon)
          + adam.decay * after[index])
      expected += own * own
      product += own * delta
    }
  }
}

/// The addresses of regions that are not empty, at an offset.
private func withStarts(
  _ regions: ArraySlice<ByteRegion>, _ offset: Int, _ before: [UnsafeRawPointer],
  _ body: ([UnsafeRawPointer]) -> Void
) {
  guard let region = regions.first else {
    unsafe body(before)
    return
  }
  unsafe region.bytes.withUnsafeBytes { bytes in
    guard let start = bytes.baseAddress else { return }
    unsafe withStarts(regions.dropFirst(), offset, before + [start + offset], body)
  }
}
