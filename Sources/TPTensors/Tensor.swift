public import TPBytes

/// A strided view of a storage, as a `torch.Tensor` is; nothing is copied until elements are asked for.
///
/// Whatever the shape, strides and offset say has been proven to lie inside the storage.
public struct Tensor: Sendable {
  /// The type of the elements.
  public let dtype: DType
  /// The extents.
  public let shape: Shape
  /// The step of each dimension, in elements.
  public let strides: [Int]
  /// The first element's place in the storage, in elements.
  public let offset: Int
  /// Where the elements lie.
  public let storage: Storage
  /// Whether PyTorch would train it.
  public let requiresGrad: Bool
  /// How PyTorch keeps the elements. Anything but `strided` is described; its strides and offset are
  /// those of the dense tensor that ``contiguousBytes(limits:caching:)`` gives, and say nothing of the
  /// file.
  public let layout: TensorLayout
  /// What the stored elements still lack to be the tensor's.
  public let pending: PendingOperations
  /// How the elements stand for real numbers, where they are quantized.
  public let quantization: Quantization?

  /// A view of a storage, proven to lie inside it.
  ///
  /// - Throws: `PortError` for a negative stride or offset, or an element outside of the storage.
  public init(
    dtype: DType, shape: Shape, strides: [Int], offset: Int, storage: Storage,
    requiresGrad: Bool = false, layout: TensorLayout = .strided, pending: PendingOperations = [],
    quantization: Quantization? = nil
  ) throws(PortError) {
    guard strides.count == shape.rank else {
      throw PortError(
        .malformed, "a tensor of shape \(shape) has \(strides.count) strides", record: storage.key)
    }
    guard offset >= 0, strides.allSatisfy({ $0 >= 0 }) else {
      throw PortError(
        .malformed,
        "a tensor has a negative stride or offset (strides \(strides), offset \(offset))",
        record: storage.key)
    }
    if shape.elementCount > 0 {
      var last = offset
      var overflow = false
      for (extent, stride) in zip(shape.extents, strides) {
        let (span, tooFar) = (extent - 1).multipliedReportingOverflow(by: stride)
        let (sum, tooMuch) = last.addingReportingOverflow(span)
        overflow = overflow || tooFar || tooMuch
        last = sum
      }
      // Where several elements share a byte, the byte of the last one counts.
      guard !overflow, last / dtype.elementsPerByte < storage.byteCount / dtype.byteCount else {
        throw PortError(
          .malformed,
          "a tensor of shape \(shape), strides \(strides), offset \(offset) reaches beyond its storage"
            + " of \(storage.byteCount / dtype.byteCount) elements", record: storage.key)
      }
    }
    self.dtype = dtype
    self.shape = shape
    self.strides = strides
    self.offset = offset
    self.storage = storage
    self.requiresGrad = requiresGrad
    self.layout = layout
    self.pending = pending
    self.quantization = quantization
  }

  /// A contiguous tensor that fills a storage from its start.
  public init(dtype: DType, shape: Shape, storage: Storage) throws(PortError) {
    try self.init(
      dtype: dtype, shape: shape, strides: shape.contiguousStrides, offset: 0, storage: storage)
  }

  /// A contiguous float32 tensor of values that we hold.
  ///
  /// - Precondition: as many values as the shape has elements.
  public init(floats values: [Float], shape: Shape, key: String = "") {
    precondition(values.count == shape.elementCount)
    let region = unsafe values.withUnsafeBytes { unsafe ByteRegion(Array($0)) }
    dtype = .float32
    self.shape = shape
    strides = shape.contiguousStrides
    offset = 0
    // Only little-endian machines are supported; there the memory is what a file would hold.
    storage = Storage(key: key, region: region)
    requiresGrad = false
    layout = .strided
    pending = []
    quantization = nil
  }

  /// Whether the elements lie row-major without gaps.
  public var isContiguous: Bool {
    if shape.elementCount == 0 { return true }
    var step = 1
    for dimension in shape.extents.indices.reversed() where shape[dimension] != 1 {
      if strides[dimension] != step { return false }
      step *= shape[dimension]
    }
    return true
  }

  /// Bytes of the elements, contiguous; `nil` when that does not fit an `Int`.
  public var byteCount: Int? {
    let (product, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteCount)
    return overflow ? nil : product
  }

  /// Whether both have the same storage, offset, shape, strides and type: two names of one tensor.
  public func isSame(as other: Tensor) -> Bool {
    TensorIdentity(self) == TensorIdentity(other)
  }
}
