/// The type of a tensor's elements; the raw value is PyTorch's name for it, without `torch.`.
public enum DType: String, Hashable, Sendable, CaseIterable {
  case float64, float32, float16, bfloat16
  case int64, int32, int16, int8
  case uint64, uint32, uint16, uint8
  case bool
  case complex128, complex64, complex32, bcomplex32
  case float8_e5m2, float8_e4m3fn, float8_e5m2fnuz, float8_e4m3fnuz, float8_e8m0fnu
  case float4_e2m1fn_x2
  case bits8, bits16, bits1x8, bits2x4, bits4x2
  case qint8, quint8, qint32, quint4x2, quint2x4

  /// Bytes of one element in storage. A `quint4x2` or `quint2x4` storage is counted in bytes,
  /// each of which packs 2 or 4 values.
  public var byteCount: Int {
    switch self {
    case .complex128: 16
    case .float64, .int64, .uint64, .complex64: 8
    case .float32, .int32, .uint32, .complex32, .bcomplex32, .qint32: 4
    case .float16, .bfloat16, .int16, .uint16, .bits16: 2
    default: 1
    }
  }

  /// How many elements share one byte of storage; more than 1 only for `quint4x2` and `quint2x4`.
  public var elementsPerByte: Int {
    switch self {
    case .quint4x2: 2
    case .quint2x4: 4
    default: 1
    }
  }

  /// Bytes that change places between little and big endian: half an element for complex numbers.
  public var swapUnit: Int {
    switch self {
    case .complex128, .complex64, .complex32, .bcomplex32: byteCount / 2
    default: byteCount
    }
  }

  /// Whether the elements are real numbers in floating point.
  public var isFloatingPoint: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16, .float8_e5m2, .float8_e4m3fn, .float8_e5m2fnuz,
      .float8_e4m3fnuz, .float8_e8m0fnu:
      true
    default: false
    }
  }
}

extension DType {
  /// The type that NumPy calls by a kind and a number of bytes, for example `f4`.
  public init?(numPyCode code: String) {
    guard let type = DType.numPyCodes[code] else { return nil }
    self = type
  }

  private static let numPyCodes: [String: DType] = [
    "b1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8,
    "u2": .uint16, "u4": .uint32, "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64,
    "c8": .complex64, "c16": .complex128,
  ]
}
