/// One file in a zip archive, as the directory at the archive's end describes it.
public struct ZipMember: Hashable, Sendable {
  /// How the bytes lie in the archive; the raw value is the number in the file.
  public enum Method: UInt16, Hashable, Sendable {
    /// As they are.
    case stored = 0
    /// In a deflate stream.
    case deflated = 8
  }

  /// The name, with `/` between folders; never empty.
  public let name: String
  /// How the bytes lie in the archive.
  public let method: Method
  /// How many bytes the member has.
  public let byteCount: Int
  /// CRC-32 of the member's bytes; `nil` where the archive has none (PyTorch writes 0 for every
  /// member when `compute_crc32` is off).
  public let checksum: UInt32?
  /// Its place in the directory.
  public let index: Int
  /// Where its local header begins, in bytes from the start of the file.
  public let headerOffset: Int
  /// Where its bytes lie, compressed or not, from the start of the file.
  public let storedRange: Range<Int>
}
