internal import TPBytes
internal import TPTensors

/// A sparse tensor: where its values lie, and the values.
///
/// COO: `indices` is [sparse dimensions, n] and `values` [n, dense dimensions]. The others:
/// compressed indices [batch, rows + 1], plain indices [batch, n], values [batch, n(, block), dense].
struct SparseTensor {
  let layout: TensorLayout
  let shape: Shape
  let indices: [Tensor]
  let values: Tensor
  /// The dimensions before the two that are compressed.
  private let batchRank: Int
  private let block: (rows: Int, columns: Int)

  /// - Throws: `PortError` where the shapes do not fit each other; indices are looked at when the
  ///   tensor is made dense.
  init(
    layout: TensorLayout, shape: Shape, indices: [Tensor], values: Tensor
  ) throws(PortError) {
    self.layout = layout
    self.shape = shape
    self.indices = indices
    self.values = values
    guard indices.allSatisfy({ $0.dtype == .int64 || $0.dtype == .int32 }) else {
      throw PortError(.malformed, "the indices of a sparse tensor are no integers")
    }
    if layout == .sparseCOO {
      let place = indices[0].shape
      guard place.rank == 2, values.shape.rank >= 1, values.shape[0] == place[1],
        place[0] <= shape.rank,
        Array(values.shape.extents.dropFirst()) == Array(shape.extents.dropFirst(place[0]))
      else { throw SparseTensor.mismatch(shape) }
      batchRank = 0
      block = (1, 1)
      return
    }
    let isBlocked = layout == .sparseBSR || layout == .sparseBSC
    let (compressed, plain) = (indices[0].shape, indices[1].shape)
    let batch = compressed.rank - 1
    guard batch >= 0, plain.rank == batch + 1, shape.rank >= batch + 2,
      values.shape.rank == shape.rank - 1 + (isBlocked ? 2 : 0),
      compressed.extents.prefix(batch) == shape.extents.prefix(batch),
      plain.extents.prefix(batch) == shape.extents.prefix(batch),
      values.shape.extents.prefix(batch) == shape.extents.prefix(batch),
      values.shape[batch] == plain[batch]
    else { throw SparseTensor.mismatch(shape) }
    batchRank = batch
    block = isBlocked ? (values.shape[batch + 1], values.shape[batch + 2]) : (1, 1)
    let (rows, columns) = (shape[batch], shape[batch + 1])
    let byRows = layout == .sparseCSR || layout == .sparseBSR
    guard block.rows > 0, block.columns > 0, rows.isMultiple(of: block.rows),
      columns.isMultiple(of: block.columns),
      compressed[batch] == (byRows ? rows / block.rows : columns / block.columns) + 1,
      Array(values.shape.extents.suffix(shape.rank - batch - 2))
        == Array(shape.extents.dropFirst(batch + 2))
    else { throw SparseTensor.mismatch(shape) }
  }

  private static func mismatch(_ shape: Shape) -> PortError {
    PortError(
      .malformed, "the parts of a sparse tensor of shape \(shape) do not fit each other",
      remedy: "the file is damaged or was tampered with; fetch it again")
  }

  /// The dense tensor, which is made when its elements are asked for.
  func tensor(limits: ReadLimits) throws(PortError) -> Tensor {
    let (byteCount, overflow) = shape.elementCount.multipliedReportingOverflow(
      by: values.dtype.byteCount)
    guard !overflow else {
      throw PortError(.limit, "a sparse tensor of shape \(shape) has too many bytes to be counted")
    }
    let storage = Storage(
      key: values.storage.key, location: values.storage.location, byteCount: byteCount
    ) { () throws(PortError) in
      guard byteCount <= limits.materialisedBytes else {
        throw PortError(
          .limit,
          "a sparse tensor of shape \(shape) would be made \(byteCount) bytes, more than"
            + " \(limits.materialisedBytes)", remedy: ReadLimits.Named.materialisedBytes.remedy)
      }
      return try dense(byteCount, limits)
    }
    return try Tensor(
      dtype: values.dtype, shape: shape, strides: shape.contiguousStrides, offset: 0,
      storage: storage, requiresGrad: values.requiresGrad, layout: layout)
  }

  private func dense(_ byteCount: Int, _ limits: ReadLimits) throws(PortError) -> ByteRegion {
    // Shapes without elements may still have more places than could be walked through.
    if byteCount == 0 { return ByteRegion([]) }
    let source = try values.contiguousBytes(limits: limits)
    var numbers: [[Int]] = []
    for tensor in indices { numbers.append(try tensor.integers(limits: limits)) }
    let shared = try unsafe SharedBytes(count: byteCount) {
      (memory: UnsafeMutableRawBufferPointer) throws(PortError) in
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
      var canvas = unsafe DenseCanvas(memory, source: source, dtype: values.dtype)
      if layout == .sparseCOO {
        try paintCoordinates(numbers[0], &canvas)
      } else {
        try paintCompressed(numbers[0], numbers[1], &canvas)
      }
    }
    return shared.region
  }

  /// Elements from the dimension on, row-major.
  private func span(from dimension: Int) -> Int {
    shape.extents.dropFirst(dimension).reduce(1, *)
  }

  private func paintCoordinates(
    _ indices: [Int], _ canvas: inout DenseCanvas
  ) throws(PortError) {
    let sparseRank = self.indices[0].shape[0]
    let count = self.indices[0].shape[1]
    let run = span(from: sparseRank)
    for entry in 0..<count {
      var place = 0
      for dimension in 0..<sparseRank {
        let index = indices[dimension * count + entry]
        guard index >= 0, index < shape[dimension] else { throw outside(index, dimension) }
        place = place * shape[dimension] + index
      }
      try canvas.add(run, from: entry * run, to: place * run)
    }
  }

  private func paintCompressed(
    _ compressed: [Int], _ plain: [Int], _ canvas: inout DenseCanvas
  ) throws(PortError) {
    let byRows = layout == .sparseCSR || layout == .sparseBSR
    let (rows, columns) = (shape[batchRank], shape[batchRank + 1])
    let lines = byRows ? rows / block.rows : columns / block.columns
    let others = byRows ? columns / block.columns : rows / block.rows
    let entries = indices[1].shape[batchRank]
    let run = span(from: batchRank + 2)
    let batches = shape.extents.prefix(batchRank).reduce(1, *)
    for batch in 0..<batches {
      let starts = compressed[batch * (lines + 1)..<(batch + 1) * (lines + 1)]
      guard starts.first == 0, starts.last == entries else {
        throw PortError(.malformed, "the compressed indices of a sparse tensor are not complete")
      }
      for line in 0..<lines {
        let first = starts[starts.startIndex + line]
        let end = starts[starts.startIndex + line + 1]
        guard first >= 0, first <= end, end <= entries else {
          throw PortError(.malformed, "the compressed indices of a sparse tensor do not ascend")
        }
        for entry in first..<end {
          let other = plain[batch * entries + entry]
          guard other >= 0, other < others else {
            throw outside(other, batchRank + (byRows ? 1 : 0))
          }
          let (row, column) = byRows ? (line, other) : (other, line)
          for inner in 0..<block.rows {
            let target =
              (batch * rows + row * block.rows + inner) * columns + column * block.columns
            let from = ((batch * entries + entry) * block.rows + inner) * block.columns
            try canvas.add(run * block.columns, from: from * run, to: target * run)
          }
        }
      }
    }
  }

  private func outside(_ index: Int, _ dimension: Int) -> PortError {
    PortError(
      .malformed,
      "an index of a sparse tensor is \(index), and dimension \(dimension) has"
        + " \(shape[dimension]) elements",
      remedy: "the file is damaged or was tampered with; do not trust it")
  }
}
