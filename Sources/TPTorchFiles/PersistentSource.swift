internal import TPBytes
internal import TPPickle
internal import TPTensors

/// Where the persistent objects of a pickle come from: each container keeps them in its own way.
protocol PersistentSource: AnyObject {
  /// What a persistent id stands for; the same storage object for the same storage.
  ///
  /// - Throws: `PortError` for an id of another form, an unknown class, a missing or misshapen record.
  func value(
    _ id: PickleArena.Handle, in arena: PickleArena
  ) throws(PortError) -> PersistentValue

  /// The class that an id stands for: before 1.6 classes of modules were saved with their source.
  func classHandle(_ id: PickleArena.Handle, in arena: PickleArena) -> PickleArena.Handle?
}

extension PersistentSource {
  func classHandle(_ id: PickleArena.Handle, in arena: PickleArena) -> PickleArena.Handle? { nil }
}

/// What a persistent id stands for.
enum PersistentValue {
  case storage(TypedStorage)
  /// A tensor that the container keeps beside the pickle, as tar files do.
  case tensor(Tensor)
  /// Something that a function of a torch.package makes of a tuple of arguments.
  case call(function: PickleArena.Handle, arguments: PickleArena.Handle)
}

/// A storage as a pickle refers to it: all of one, or a view of it.
struct TypedStorage {
  let storage: Storage
  /// The class that the pickle names, for example `torch.FloatStorage`.
  let className: String
  /// The type of its elements; `nil` for an untyped storage, which counts bytes.
  let dtype: DType?
  /// Where the view begins, in elements, or bytes where it is untyped.
  var offset = 0
  /// How many elements it has, or bytes where it is untyped.
  let count: Int

  /// The storage, or the view, as a tensor of one dimension.
  func flat(_ limits: ReadLimits) throws(PortError) -> Tensor {
    try Tensor(
      dtype: dtype ?? .uint8, shape: try Shape([count], limits: limits), strides: [1],
      offset: offset, storage: storage)
  }
}

/// A plain pickle has nothing outside of itself.
final class NoPersistentSource: PersistentSource {
  func value(
    _ id: PickleArena.Handle, in arena: PickleArena
  ) throws(PortError) -> PersistentValue {
    throw PortError(
      .unsupported, "a plain pickle refers to an object that is kept outside of it",
      offset: arena.offset(of: id), remedy: "give the file that torch.save wrote")
  }
}

extension TypedStorage {
  /// A view of the storage; it may not leave the part that the pickle speaks of.
  ///
  /// - Parameters:
  ///   - first: the offset, in elements of `dtype`, from the start of that part.
  ///   - dtype: the type of the elements where the storage is untyped or another was saved.
  func tensor(
    _ shape: Shape, _ strides: [Int], _ first: Int, dtype other: DType? = nil,
    requiresGrad: Bool = false, pending: PendingOperations = []
  ) throws(PortError) -> Tensor {
    guard let dtype = other ?? dtype else {
      throw PortError(.malformed, "a tensor in an untyped storage does not say its dtype")
    }
    var start = first
    let unit = self.dtype?.byteCount ?? 1
    // Both lie within a storage's bytes, which are countable.
    let (base, length) = (offset * unit, count * unit)
    if base > 0 || length < storage.byteCount {
      let part = Storage(key: storage.key, byteCount: length) { () throws(PortError) in
        throw PortError(.usage, "a part of a storage is not read by itself")
      }
      _ = try Tensor(dtype: dtype, shape: shape, strides: strides, offset: first, storage: part)
      let (sum, overflow) = first.addingReportingOverflow(base / dtype.byteCount)
      guard base.isMultiple(of: dtype.byteCount), !overflow else {
        throw PortError(
          .malformed, "a view begins inside of an element of \(dtype.rawValue)",
          record: storage.key)
      }
      start = sum
    }
    return try Tensor(
      dtype: dtype, shape: shape, strides: strides, offset: start, storage: storage,
      requiresGrad: requiresGrad, pending: pending)
  }
}
