public import TPBytes

/// SHA-256 of a whole file, as `sha256sum` gives it.
public struct FileDigest: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]
  /// How many bytes the file has.
  public let byteCount: Int

  /// Hashes a regular file; a large one is mapped, not read into memory.
  ///
  /// - Throws: `PortError` where it cannot be read, or is no regular file.
  public init(path: String) throws(PortError) {
    let file = try SharedBytes(path: path)
    var hash = SHA256Hash()
    hash.update(file.bytes)
    bytes = hash.digest
    byteCount = file.count
  }

  /// 64 lowercase hex digits.
  public var description: String { hexadecimal(bytes) }
}
