internal import TPBytes
internal import TPPickle
internal import TPTensors

/// Where the storages of a pickle come from: each container keeps them in its own way.
protocol StorageSource: AnyObject {
  /// The storage that a persistent id stands for; the same object for the same storage.
  ///
  /// - Throws: `PortError` for an id of another form, an unknown class, a missing or misshapen record.
  func storage(
    _ id: PickleArena.Handle, in arena: PickleArena
  ) throws(PortError) -> TypedStorage
}

/// A storage as a pickle refers to it.
struct TypedStorage {
  let storage: Storage
  /// The class that the pickle names, for example `torch.FloatStorage`.
  let className: String
  /// The type of its elements; `nil` for an untyped storage, which counts bytes.
  let dtype: DType?
  /// How many elements it has, or bytes where it is untyped.
  let count: Int
}
