internal import TPTensors

/// The storage classes that PyTorch ever had (torch/storage.py, `_dtype_to_storage_type_map`).
enum StorageClass: Hashable {
  case typed(DType)
  case untyped

  /// The class of a name such as `torch.cuda.HalfStorage`; `nil` for a name that is no storage class.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("torch.storage", "UntypedStorage"), ("torch.storage", "_UntypedStorage"),
      ("torch", "UntypedStorage"), ("torch.cuda", "UntypedStorage"):
      self = .untyped
    case ("torch", _), ("torch.cuda", _), ("torch.storage", _):
      guard let dtype = StorageClass.types[name] else { return nil }
      self = .typed(dtype)
    default: return nil
    }
  }

  private static let types: [String: DType] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
    "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
    "ComplexDoubleStorage": .complex128, "ComplexFloatStorage": .complex64,
    "QInt8Storage": .qint8, "QUInt8Storage": .quint8, "QInt32Storage": .qint32,
    "QUInt4x2Storage": .quint4x2, "QUInt2x4Storage": .quint2x4,
  ]

  /// The class in the module `torch` whose elements are of a type; `nil` for a type that is newer than
  /// these classes, or quantized.
  static func name(of dtype: DType) -> String? {
    switch dtype {
    case .qint8, .quint8, .qint32, .quint4x2, .quint2x4: nil
    default: names[dtype]
    }
  }

  private static let names = Dictionary(uniqueKeysWithValues: types.map { ($0.value, $0.key) })
}
