public import TPTensors

/// The names of element types in a header, in the order in which the safetensors crate (0.8)
/// writes tensors: wider elements first, so that each tensor starts aligned to its elements.
private let namesInOrder: [(name: String, dtype: DType)] = [
  ("U64", .uint64), ("I64", .int64), ("F64", .float64), ("C64", .complex64), ("F32", .float32),
  ("U32", .uint32), ("I32", .int32), ("BF16", .bfloat16), ("F16", .float16), ("U16", .uint16),
  ("I16", .int16), ("F8_E5M2FNUZ", .float8_e5m2fnuz), ("F8_E4M3FNUZ", .float8_e4m3fnuz),
  ("F8_E8M0", .float8_e8m0fnu), ("F8_E4M3", .float8_e4m3fn), ("F8_E5M2", .float8_e5m2),
  ("I8", .int8), ("U8", .uint8), ("F4", .float4_e2m1fn_x2), ("BOOL", .bool),
]

private let ranks = Dictionary(
  uniqueKeysWithValues: namesInOrder.enumerated().map { ($1.dtype, $0) })
private let types = Dictionary(uniqueKeysWithValues: namesInOrder.map { ($0.name, $0.dtype) })

extension DType {
  /// The type under a header's name for it; `nil` for a name that is unknown or, as the six-bit
  /// `F6_E2M3` and `F6_E3M2`, has no equal in PyTorch.
  init?(safeTensorsName name: String) {
    guard let type = types[name] else { return nil }
    self = type
  }

  /// The place of this type in the canonical order, wider elements first; `nil` for a type that
  /// the format does not have.
  var safeTensorsRank: Int? { ranks[self] }

  /// The header's name for this type; `nil` for a type that the format does not have.
  var safeTensorsName: String? { ranks[self].map { namesInOrder[$0].name } }
}

extension SafeTensors {
  /// Whether the format has an element type for this one.
  public static func holds(_ dtype: DType) -> Bool { dtype.safeTensorsName != nil }
}
