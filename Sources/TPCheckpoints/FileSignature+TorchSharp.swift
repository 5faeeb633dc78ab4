internal import TPBytes

// What `save` of a module of TorchSharp writes (its BinaryWriter, seen in files of version 0.100):
//   LEB128   number of tensors
//   each:    LEB128 length and UTF-8 of the name, LEB128 type, LEB128 rank, LEB128 extents, the elements
extension FileStart {
  /// Bytes per element of the types, numbered as PyTorch numbers them: uint8, int8, int16, int32,
  /// int64, float16, float32, float64, complex32, complex64, complex128, bool, and 15, bfloat16.
  private static let sizes = [1, 1, 2, 4, 8, 2, 4, 8, 4, 8, 16, 1, nil, nil, nil, 2]

  /// How many tensors a file of TorchSharp holds: they must fill it to its last byte.
  var torchSharpTensors: Int? {
    var place = 0
    guard let count = varint(&place), (1...100_000).contains(count) else { return nil }
    for _ in 0..<count {
      guard let length = varint(&place), (1...1_000).contains(length),
        (0..<length).allSatisfy({ (byte(place + $0) ?? 0) >= 0x20 })
      else { return nil }
      place += length
      guard let type = varint(&place), type < Self.sizes.count, let size = Self.sizes[type],
        let rank = varint(&place), rank <= 16
      else { return nil }
      var elements = 1
      for _ in 0..<rank {
        guard let extent = varint(&place) else { return nil }
        let (product, overflow) = elements.multipliedReportingOverflow(by: extent)
        guard !overflow, product <= bytes.byteCount else { return nil }
        elements = product
      }
      let (taken, overflow) = elements.multipliedReportingOverflow(by: size)
      guard !overflow, taken <= bytes.byteCount - place else { return nil }
      place += taken
    }
    return place == bytes.byteCount ? count : nil
  }

  /// A number of seven bits to the byte, the lowest first; `place` is then behind it.
  private func varint(_ place: inout Int) -> Int? {
    var value = 0
    for shift in stride(from: 0, to: 56, by: 7) {
      guard let byte = byte(place) else { return nil }
      place += 1
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
