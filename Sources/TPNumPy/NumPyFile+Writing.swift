public import TPBytes
public import TPTensors

extension NumPyFile {
  /// Writes one array as NumPy itself does: version 1.0, row-major, little-endian, the header padded
  /// to 64 bytes.
  ///
  /// - Throws: `PortError` for a type that NumPy does not have, such as bfloat16, and where the bytes
  ///   cannot be had or written.
  public static func write(
    _ tensor: Tensor, to file: inout AtomicFile, limits: ReadLimits = ReadLimits()
  ) throws(PortError) {
    let header = try arrayHeader(of: tensor)
    let data = try tensor.contiguousBytes(limits: limits, caching: false)
    try file.write(header)
    try file.write(data.bytes)
  }

  /// Everything before the elements of a row-major array of little-endian numbers.
  static func arrayHeader(of tensor: Tensor) throws(PortError) -> [UInt8] {
    guard let descriptor = descriptors[tensor.dtype] else {
      throw PortError(
        .unsupported, "NumPy has no type for \(tensor.dtype.rawValue) elements",
        remedy: "convert the file to safetensors, which has")
    }
    return arrayHeader(descriptor, shape: tensor.shape)
  }

  /// Everything before the elements of a type that has a descriptor.
  static func arrayHeader(_ descriptor: String, shape: Shape) -> [UInt8] {
    var text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': \(shape), }"
    // NumPy leaves room for the first extent to grow to 21 digits.
    if let first = shape.extents.first {
      text += String(repeating: " ", count: max(0, 21 - String(first).utf8.count))
    }
    let unpadded = 10 + text.utf8.count + 1
    let length = (unpadded / 64 + 1) * 64 - 10
    var header = ByteWriter(capacity: length + 10)
    header.append([0x93] + Array("NUMPY".utf8) + [1, 0])
    header.little(UInt16(truncatingIfNeeded: length))
    header.append(utf8: text)
    header.append([UInt8](repeating: 0x20, count: length - text.utf8.count - 1) + [0x0A])
    return header.bytes
  }

  static func hasDescriptor(for dtype: DType) -> Bool { descriptors[dtype] != nil }

  private static let descriptors: [DType: String] = [
    .bool: "|b1", .int8: "|i1", .uint8: "|u1", .int16: "<i2", .uint16: "<u2", .int32: "<i4",
    .uint32: "<u4", .int64: "<i8", .uint64: "<u8", .float16: "<f2", .float32: "<f4",
    .float64: "<f8", .complex64: "<c8", .complex128: "<c16", .qint8: "|i1", .quint8: "|u1",
    .qint32: "<i4",
  ]
}
