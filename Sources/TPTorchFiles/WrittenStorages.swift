internal import TPBytes
internal import TPTensors

/// A storage as it goes into a file.
struct WrittenStorage {
  let storage: Storage
  /// The class that names its element type; `nil` for one that counts bytes.
  let storageClass: String?
  /// How many elements it has, or bytes.
  let count: Int
  /// Bytes that are turned round where the source is big-endian; 1 for none.
  let swapUnit: Int

  /// The bytes as the file has them.
  func littleEndianBytes() throws(PortError) -> ByteRegion {
    let region = try storage.bytes()
    guard storage.byteOrder == .big, swapUnit > 1 else { return region }
    let shared = unsafe SharedBytes(count: region.count) { memory in
      unsafe region.bytes.withUnsafeBytes { from in
        for place in 0..<from.count {
          let start = place / swapUnit * swapUnit
          let other = start + swapUnit - 1 - (place - start)
          unsafe memory[place] = unsafe from[other < from.count ? other : place]
        }
      }
    }
    return shared.region
  }
}

/// A tensor as a view of a storage that goes into a file.
struct WrittenView {
  /// The number of its storage.
  let storage: Int
  let offset: Int
  let strides: [Int]
  let pending: PendingOperations
}

/// The storages of a file that is being written, in the order in which its pickle names them.
struct WrittenStorages {
  private(set) var all: [WrittenStorage] = []
  private var places: [ObjectIdentifier: Int] = [:]
  private var uses: [ObjectIdentifier: Use] = [:]

  /// What the tensors make of a storage.
  private struct Use {
    var dtypes: Set<DType> = []
    var swapUnits: Set<Int> = []
  }

  init(_ tensors: [TensorRecord]) {
    for record in tensors where record.tensor.layout == .strided {
      let tensor = record.tensor
      var use = uses[ObjectIdentifier(tensor.storage)] ?? Use()
      use.dtypes.insert(tensor.dtype)
      use.swapUnits.insert(tensor.dtype.swapUnit)
      uses[ObjectIdentifier(tensor.storage)] = use
    }
  }

  /// The storage of a tensor, numbered now if it was not yet, and the tensor's place in it.
  ///
  /// - Throws: `PortError` for elements that PyTorch cannot save as a view of a storage.
  mutating func view(of tensor: Tensor) throws(PortError) -> WrittenView {
    switch tensor.dtype {
    case .qint8, .quint8, .qint32, .quint4x2, .quint2x4:
      throw PortError(
        .unsupported,
        "a quantized tensor (\(tensor.dtype.rawValue)) is written with its quantizer, which this"
          + " program does not do", remedy: "write tensor.dequantize() or tensor.int_repr() instead"
      )
    case .bcomplex32:
      throw PortError(
        .unsupported, "PyTorch 2.13 has no type \(tensor.dtype.rawValue)",
        remedy: "convert the tensor to complex64")
    default: break
    }
    let use = uses[ObjectIdentifier(tensor.storage)] ?? Use()
    let turnsRound = tensor.storage.byteOrder == .big
    guard tensor.layout == .strided, !turnsRound || use.swapUnits.count == 1 else {
      // A dense copy: the storage is none of the tensor's, or cannot be turned round for all views.
      let region = try tensor.contiguousBytes()
      let storage = Storage(key: tensor.storage.key, region: region)
      return WrittenView(
        storage: add(storage, dtype: tensor.dtype, swapUnit: 1), offset: 0,
        strides: tensor.shape.contiguousStrides, pending: [])
    }
    let id = ObjectIdentifier(tensor.storage)
    let place =
      places[id]
      ?? add(
        tensor.storage, dtype: use.dtypes.count == 1 ? tensor.dtype : nil,
        swapUnit: tensor.dtype.swapUnit)
    places[id] = place
    return WrittenView(
      storage: place, offset: tensor.offset, strides: tensor.strides, pending: tensor.pending)
  }

  private mutating func add(_ storage: Storage, dtype: DType?, swapUnit: Int) -> Int {
    var (name, count) = (String?.none, storage.byteCount)
    // PyTorch loads one class a storage, so views of several types need one that counts bytes.
    if let dtype, storage.byteCount % dtype.byteCount == 0, let own = StorageClass.name(of: dtype) {
      (name, count) = (own, storage.byteCount / dtype.byteCount)
    }
    all.append(
      WrittenStorage(storage: storage, storageClass: name, count: count, swapUnit: swapUnit))
    return all.count - 1
  }
}
