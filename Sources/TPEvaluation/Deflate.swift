internal import CTPLibDeflate
internal import TPBytes

/// What libdeflate does for a PNG file.
enum Deflate {
  /// CRC-32.
  static func checksum(_ bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe libdeflate_crc32(0, start, buffer.count)
    }
  }

  /// Inflates a zlib stream to exactly so many bytes.
  ///
  /// - Throws: `PortError` of kind `malformed` where it is none or has another length.
  static func inflate(_ packed: [UInt8], to count: Int) throws(PortError) -> [UInt8] {
    // Nothing deflates better than this; so much memory is not taken for a few bytes.
    guard count / 1_040 <= packed.count, let inflater = unsafe libdeflate_alloc_decompressor()
    else {
      throw PortError(.malformed, "its pixels are \(packed.count) bytes, too few for \(count)")
    }
    defer { unsafe libdeflate_free_decompressor(inflater) }
    var bytes = [UInt8](repeating: 0, count: count)
    let result = unsafe bytes.withUnsafeMutableBytes { target in
      unsafe packed.withUnsafeBytes { source in
        unsafe libdeflate_zlib_decompress(
          inflater, source.baseAddress, source.count, target.baseAddress, target.count, nil)
      }
    }
    guard result == LIBDEFLATE_SUCCESS else {
      throw PortError(
        .malformed, "its pixels do not inflate to \(count) bytes", remedy: "get the file again")
    }
    return bytes
  }
}
