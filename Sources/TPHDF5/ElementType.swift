internal import CTPLibHDF5
internal import TPBytes
public import TPTensors

/// How each element type of ours lies in an HDF5 file.
///
/// Integers, float32 and float64 are HDF5's standard types. float16 is IEEE binary16 and bfloat16 a
/// float of 16 bits with 8 of exponent and 7 of fraction, both described field by field, so that
/// HDF5 converts them to any other float; h5py gives float16 and float32. bool is h5py's
/// enumeration FALSE, TRUE of int8, complex numbers are its compounds of `r` and `i`.
enum ElementType {
  /// Bit positions of a float: sign, exponent, its size, fraction, its size; and the bias.
  private struct FloatLayout: Equatable {
    var sign, exponent, exponentSize, fraction, fractionSize, bias: Int
    static let float16 = Self(
      sign: 15, exponent: 10, exponentSize: 5, fraction: 0, fractionSize: 10, bias: 15)
    static let bfloat16 = Self(
      sign: 15, exponent: 7, exponentSize: 8, fraction: 0, fractionSize: 7, bias: 127)
    static let float32 = Self(
      sign: 31, exponent: 23, exponentSize: 8, fraction: 0, fractionSize: 23, bias: 127)
    static let float64 = Self(
      sign: 63, exponent: 52, exponentSize: 11, fraction: 0, fractionSize: 52, bias: 1023)
  }

  /// A little-endian type for files and memory alike; `nil` for a type that HDF5 cannot describe.
  static func make(_ dtype: DType) throws(PortError) -> Identifier? {
    switch dtype {
    case .float32: try copy(tp_h5_float32_le())
    case .float64: try copy(tp_h5_float64_le())
    case .float16: try half(.float16)
    case .bfloat16: try half(.bfloat16)
    case .int8: try copy(tp_h5_int8_le())
    case .int16: try copy(tp_h5_int16_le())
    case .int32: try copy(tp_h5_int32_le())
    case .int64: try copy(tp_h5_int64_le())
    case .uint8: try copy(tp_h5_uint8_le())
    case .uint16: try copy(tp_h5_uint16_le())
    case .uint32: try copy(tp_h5_uint32_le())
    case .uint64: try copy(tp_h5_uint64_le())
    case .bool: try truth()
    case .complex32: try complex(of: .float16)
    case .complex64: try complex(of: .float32)
    case .complex128: try complex(of: .float64)
    default: nil
    }
  }

  /// The element type that a type of a file stands for; `nil` where PyTorch has none.
  static func dtype(of type: borrowing Identifier) throws(PortError) -> DType? {
    let size = H5Tget_size(type.id)
    switch H5Tget_class(type.id) {
    case H5T_INTEGER:
      // An integer of, say, 12 bits in 16 is converted with its value kept.
      switch (size, H5Tget_sign(type.id) == H5T_SGN_2) {
      case (1, true): return .int8
      case (2, true): return .int16
      case (4, true): return .int32
      case (8, true): return .int64
      case (1, false): return .uint8
      case (2, false): return .uint16
      case (4, false): return .uint32
      case (8, false): return .uint64
      default: return nil
      }
    case H5T_FLOAT: return floating(type, size: size)
    case H5T_ENUM: return isTruth(type, size: size) ? .bool : nil
    case H5T_COMPOUND: return try complex(type, size: size)
    default: return nil
    }
  }

  private static func floating(_ type: borrowing Identifier, size: Int) -> DType? {
    let order = H5Tget_order(type.id)
    guard order == H5T_ORDER_LE || order == H5T_ORDER_BE else { return nil }
    var (sign, exponent, exponentSize, fraction, fractionSize) = (0, 0, 0, 0, 0)
    guard
      unsafe H5Tget_fields(
        type.id, &sign, &exponent, &exponentSize, &fraction, &fractionSize) >= 0
    else { return nil }
    let layout = FloatLayout(
      sign: sign, exponent: exponent, exponentSize: exponentSize, fraction: fraction,
      fractionSize: fractionSize, bias: Int(H5Tget_ebias(type.id)))
    switch (size, layout) {
    case (2, .float16): return .float16
    case (2, .bfloat16): return .bfloat16
    case (4, .float32): return .float32
    case (8, .float64): return .float64
    default: return nil
    }
  }

  private static func copy(_ type: hid_t) throws(PortError) -> Identifier {
    try Identifier(H5Tcopy(type), "cannot make an element type")
  }

  private static func half(_ layout: FloatLayout) throws(PortError) -> Identifier {
    let type = try copy(tp_h5_float32_le())
    // The fields must fit before the size can shrink.
    let status = [
      H5Tset_fields(
        type.id, layout.sign, layout.exponent, layout.exponentSize, layout.fraction,
        layout.fractionSize),
      H5Tset_size(type.id, 2), H5Tset_ebias(type.id, layout.bias),
    ]
    try check(status.min() ?? 0, "cannot make an element type of 16 bits")
    return type
  }

  private static func truth() throws(PortError) -> Identifier {
    let type = try Identifier(H5Tenum_create(tp_h5_int8_le()), "cannot make a truth type")
    for (name, value) in [("FALSE", Int8(0)), ("TRUE", Int8(1))] {
      var value = value
      try check(unsafe H5Tenum_insert(type.id, name, &value), "cannot make a truth type")
    }
    return type
  }

  /// FALSE is 0 and TRUE is 1, and there is nothing else.
  private static func isTruth(_ type: borrowing Identifier, size: Int) -> Bool {
    guard size == 1, H5Tget_nmembers(type.id) == 2 else { return false }
    for (name, expected) in [("FALSE", Int8(0)), ("TRUE", Int8(1))] {
      var value: Int8 = -1
      guard unsafe H5Tenum_valueof(type.id, name, &value) >= 0, value == expected else {
        H5Eclear2(0)
        return false
      }
    }
    return true
  }

  private static func complex(of part: DType) throws(PortError) -> Identifier? {
    guard let element = try make(part) else { return nil }
    let type = try Identifier(
      H5Tcreate(H5T_COMPOUND, 2 * part.byteCount), "cannot make a complex type")
    for (name, offset) in [("r", 0), ("i", part.byteCount)] {
      try check(unsafe H5Tinsert(type.id, name, offset, element.id), "cannot make a complex type")
    }
    return type
  }

  private static func complex(
    _ type: borrowing Identifier, size: Int
  ) throws(PortError) -> DType? {
    guard H5Tget_nmembers(type.id) == 2 else { return nil }
    let real = unsafe H5Tget_member_index(type.id, "r")
    let imaginary = unsafe H5Tget_member_index(type.id, "i")
    guard real == 0, imaginary == 1 else {
      H5Eclear2(0)
      return nil
    }
    var parts: [DType?] = []
    for index in [UInt32(0), 1] {
      guard H5Tget_member_class(type.id, index) == H5T_FLOAT else { return nil }
      let part = try Identifier(H5Tget_member_type(type.id, index), "cannot read a complex type")
      parts.append(try dtype(of: part))
    }
    switch (parts[0], parts[1], size) {
    case (.float16, .float16, 4): return .complex32
    case (.float32, .float32, 8): return .complex64
    case (.float64, .float64, 16): return .complex128
    default: return nil
    }
  }
}

extension HDF5File {
  /// Whether HDF5 can describe this element type.
  public static func holds(_ dtype: DType) -> Bool {
    switch dtype {
    case .float32, .float64, .float16, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .uint16,
      .uint32, .uint64, .bool, .complex32, .complex64, .complex128:
      true
    default: false
    }
  }
}
