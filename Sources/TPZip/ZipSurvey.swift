internal import CTPLibDeflate
public import TPBytes

/// Everything in a file that somebody could take for a member of a zip archive, for who judges what
/// a file may do: whatever `ZipArchive` refuses may still be read by a more lenient program.
///
/// Each local header counts, wherever it lies and whether a directory lists it or not; what reads
/// like a header by chance counts too.
public struct ZipSurvey: Sendable {
  /// A local header and what is known about it.
  public struct Entry: Hashable, Sendable {
    /// The name that the header gives; bytes that are no UTF-8 are replaced.
    public let name: String
    /// Where the header begins, in bytes from the start of the file.
    public let headerOffset: Int
    /// Where the bytes behind it begin.
    public let dataOffset: Int
    /// 0 where they are stored, 8 where they are deflated; the number in the header.
    public let method: UInt16
  }

  /// The entries in the order of the file.
  public let entries: [Entry]
  /// Whether there were more than could be listed.
  public let isCut: Bool
  private let file: ByteRegion

  /// Looks at every byte of a file once.
  public init(_ file: ByteRegion, limits: ReadLimits = ReadLimits()) {
    var entries: [Entry] = []
    var isCut = false
    var position = 0
    // Names that lie in each other's headers are longer together than the file.
    var nameBytesLeft = file.count
    let bytes = file.bytes
    while let place = nextSignature(in: bytes, from: position) {
      position = place + 4
      guard let header = try? ZipLocalHeader(bytes, at: place) else { continue }
      nameBytesLeft -= header.name.count
      guard entries.count < min(limits.members, 100_000), nameBytesLeft >= 0 else {
        isCut = true
        break
      }
      let name = String(decoding: header.name, as: UTF8.self)
      entries.append(
        Entry(
          name: hasTooManyMarks(name) ? "a member that is called by marks" : name,
          headerOffset: place, dataOffset: header.dataOffset, method: header.method))
    }
    self.entries = entries
    self.isCut = isCut
    self.file = file
  }

  /// What lies behind a header: stored bytes as they are, to the end of the file, because a size can
  /// be a lie; deflated ones inflated.
  ///
  /// - Throws: `PortError` for another method, and for what is no deflate stream or inflates to more
  ///   than `limit` bytes.
  public func contents(of entry: Entry, limit: Int = 256 << 20) throws(PortError) -> ByteRegion {
    let length = file.count - entry.dataOffset
    guard let rest = file.slice(offset: entry.dataOffset, length: length) else {
      throw PortError(.usage, "the member is of another archive", record: entry.name)
    }
    switch entry.method {
    case 0: return rest
    case 8: return try inflated(rest, entry, limit)
    default:
      throw PortError(
        .unsupported, "the member is compressed by method \(entry.method)",
        offset: entry.headerOffset, record: entry.name)
    }
  }

  private func inflated(
    _ stream: ByteRegion, _ entry: Entry, _ limit: Int
  ) throws(PortError) -> ByteRegion {
    guard let decompressor = unsafe libdeflate_alloc_decompressor() else {
      throw PortError(.limit, "there is no memory to inflate with", record: entry.name)
    }
    defer { unsafe libdeflate_free_decompressor(decompressor) }
    var capacity = 1 << 16
    while capacity <= limit {
      var output = [UInt8](repeating: 0, count: capacity)
      var (taken, made) = (0, 0)
      let code = unsafe stream.bytes.withUnsafeBytes { input in
        unsafe output.withUnsafeMutableBytes { memory in
          unsafe libdeflate_deflate_decompress_ex(
            decompressor, input.baseAddress, input.count, memory.baseAddress, memory.count, &taken,
            &made)
        }
      }
      if code == LIBDEFLATE_SUCCESS { return ByteRegion(Array(output.prefix(made))) }
      guard code == LIBDEFLATE_INSUFFICIENT_SPACE else {
        throw PortError(
          .malformed, "the member is no deflate stream", offset: entry.headerOffset,
          record: entry.name)
      }
      capacity *= 4
    }
    throw PortError(
      .limit, "the member inflates to more than \(limit) bytes", offset: entry.headerOffset,
      record: entry.name)
  }
}

/// The next local header's signature, `50 4b 03 04`.
private func nextSignature(in bytes: RawSpan, from start: Int) -> Int? {
  var place = start
  while place + 4 <= bytes.byteCount {
    let third = unsafe bytes.unsafeLoad(fromByteOffset: place + 2, as: UInt8.self)
    // The third byte tells how far the signature can be moved on.
    switch third {
    case 0x03:
      let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt32.self)
      if UInt32(littleEndian: word) == 0x0403_4B50 { return place }
      place += 1
    case 0x4B: place += 1
    case 0x50: place += 2
    default: place += 3
    }
  }
  return nil
}
