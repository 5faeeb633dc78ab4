internal import TPBytes
internal import TPTensors

// Views where a view can say it, so that names of one tensor stay names of one; blocks in another
// order and joined tensors are made when their bytes are asked for.
extension Tensor {
  /// The elements `start` to `start + count` along an axis, as `torch.narrow`.
  ///
  /// - Precondition: they lie within the extent of the axis.
  func narrowed(axis: Int, from start: Int, count: Int) throws(PortError) -> Tensor {
    try checkStrided()
    var extents = shape.extents
    extents[axis] = count
    // Without elements offset and strides say nothing: the one could lie behind the storage, and the
    // others are whatever the file says.
    let isEmpty = count == 0 || shape.elementCount == 0
    let first = isEmpty ? offset : offset + start * strides[axis]
    return try Tensor(
      dtype: dtype, shape: try Shape(extents), strides: strides, offset: first, storage: storage,
      requiresGrad: requiresGrad, pending: pending)
  }

  /// The extent of an axis.
  ///
  /// - Throws: `PortError` where the tensor has no such axis.
  func extent(of axis: Int) throws(PortError) -> Int {
    guard axis < shape.rank else {
      throw PortError(.mismatch, "a tensor of shape \(shape) has no axis \(axis)")
    }
    return shape[axis]
  }

  private func checkStrided() throws(PortError) {
    guard layout == .strided, dtype.elementsPerByte == 1 else {
      throw PortError(
        .unsupported, "a tensor of \(dtype.rawValue), \(layout.rawValue), has no axes to work on")
    }
  }

  /// The tensors one behind the other along an axis, as `torch.cat`.
  ///
  /// - Throws: `PortError` where types or the other extents differ.
  static func joined(_ parts: [Tensor], axis: Int) throws(PortError) -> Tensor {
    guard let first = parts.first else { throw PortError(.usage, "nothing is joined") }
    var extents = first.shape.extents
    _ = try first.extent(of: axis)
    extents[axis] = 0
    for part in parts {
      try part.checkStrided()
      var others = part.shape.extents
      guard others.count == extents.count, part.dtype == first.dtype else {
        throw misfit(first, part, axis)
      }
      let (sum, overflow) = extents[axis].addingReportingOverflow(others[axis])
      others[axis] = extents[axis]
      guard others == extents, !overflow else { throw misfit(first, part, axis) }
      extents[axis] = sum
    }
    let shape = try Shape(extents)
    return try made(first, shape: shape) { () throws(PortError) in
      var runs: [Run] = []
      for part in parts {
        runs.append(Run(region: try part.contiguousBytes(), of: part, axis: axis))
      }
      return interleaved(runs)
    }
  }

  private static func misfit(_ first: Tensor, _ part: Tensor, _ axis: Int) -> PortError {
    PortError(
      .mismatch,
      "\(first.dtype.rawValue) \(first.shape) and \(part.dtype.rawValue) \(part.shape) cannot be"
        + " joined along axis \(axis)")
  }

  /// Equal blocks along an axis in another order: block `i` of the result is block `order[i]`.
  ///
  /// - Throws: `PortError` where the extent is no multiple of the number of blocks.
  func withBlocks(_ order: [Int], axis: Int) throws(PortError) -> Tensor {
    try checkStrided()
    let extent = try extent(of: axis)
    guard extent.isMultiple(of: order.count) else {
      throw PortError(
        .mismatch, "\(extent) elements along axis \(axis) are not \(order.count) equal blocks")
    }
    let size = extent / order.count
    var blocks: [Tensor] = []
    for block in order {
      blocks.append(try narrowed(axis: axis, from: block * size, count: size))
    }
    return try Tensor.joined(blocks, axis: axis)
  }

  /// A contiguous tensor of the type of another, its bytes made on first use.
  private static func made(
    _ like: Tensor, shape: Shape, _ bytes: @escaping @Sendable () throws(PortError) -> ByteRegion
  ) throws(PortError) -> Tensor {
    let (count, overflow) = shape.elementCount.multipliedReportingOverflow(
      by: like.dtype.byteCount)
    guard !overflow, count <= ReadLimits().materialisedBytes else {
      throw PortError(.limit, "a tensor of shape \(shape) has too many bytes to be made")
    }
    return try Tensor(
      dtype: like.dtype, shape: shape, strides: shape.contiguousStrides, offset: 0,
      storage: Storage(
        key: like.storage.key, location: like.storage.location, byteCount: count, fetch: bytes),
      requiresGrad: like.requiresGrad)
  }

  /// The bytes of a part, and how many follow each other before the next part's turn.
  private struct Run {
    let region: ByteRegion
    let length: Int

    init(region: ByteRegion, of tensor: Tensor, axis: Int) {
      self.region = region
      length = tensor.shape.extents[axis...].reduce(tensor.dtype.byteCount, *)
    }
  }

  /// Takes a run of each part in turn until all are used up; all have as many.
  private static func interleaved(_ runs: [Run]) -> ByteRegion {
    let turns = runs.lazy.filter { $0.length > 0 }.map { $0.region.count / $0.length }.first ?? 0
    let total = runs.reduce(0) { $0 + $1.region.count }
    let shared = unsafe SharedBytes(count: total) { (memory: UnsafeMutableRawBufferPointer) in
      var end = 0
      for turn in 0..<turns {
        for run in runs where run.length > 0 {
          let start = turn * run.length
          unsafe run.region.bytes.extracting(start..<start + run.length).withUnsafeBytes {
            unsafe UnsafeMutableRawBufferPointer(rebasing: memory[end..<end + run.length])
              .copyMemory(from: $0)
          }
          end += run.length
        }
      }
    }
    return shared.region
  }
}

/// What a rule has made already: names of one tensor stay names of one.
struct ReorderedTensors {
  private var made: [ObjectIdentifier: [(from: Tensor, to: Tensor)]] = [:]

  mutating func tensor(
    _ tensor: Tensor, blocks order: [Int], axis: Int
  ) throws(PortError) -> Tensor {
    let key = ObjectIdentifier(tensor.storage)
    if let known = made[key]?.prefix(100).first(where: { $0.from.isSame(as: tensor) }) {
      return known.to
    }
    let result = try tensor.withBlocks(order, axis: axis)
    made[key, default: []].append((tensor, result))
    return result
  }
}
