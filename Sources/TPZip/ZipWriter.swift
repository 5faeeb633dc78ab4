public import TPBytes

// Layout (PKWARE APPNOTE 6.3.10), little-endian; members are stored, never compressed:
//   local header      50 4b 03 04, version, flags, method 0, time, date, crc, sizes, name and extra
//                     lengths; name; extra
//   the bytes, and behind them, where the local header does not say, a descriptor 50 4b 07 08
//   ... for each member, then for each an entry 50 4b 01 02 of the directory, then the end records

/// Writes a zip file of stored members, as one of two programs does to the byte.
///
/// Nothing of the clock or of the machine goes in: time and date are the fixed ones of the program.
public struct ZipWriter: Sendable {
  /// The program whose files are written.
  public enum Style: Hashable, Sendable {
    /// PyTorch (caffe2/serialize/inline_container.cc with miniz): sizes and checksum follow the
    /// bytes, and an extra field `FB` pads each local header until the bytes begin at a multiple of
    /// `alignment`.
    case torch(alignment: Int)
    /// NumPy, through Python's zipfile: a zip64 extra field in every local header.
    case numPy
  }

  private struct Entry {
    var name: [UInt8]
    var checksum: UInt32
    var count: UInt64
    var offset: UInt64
  }

  private let style: Style
  private var entries: [Entry] = []
  private var names: Set<String> = []

  /// Begins a file; the output must be empty.
  public init(_ style: Style) {
    self.style = style
  }

  /// Adds a member.
  ///
  /// - Parameters:
  ///   - name: with `/` between folders; unique, without NUL, at most 65,535 bytes of UTF-8.
  ///   - chunks: its bytes, one after the other.
  /// - Returns: the CRC-32 of its bytes.
  /// - Throws: `PortError` for a name that a zip file cannot hold, or a failed write.
  @discardableResult
  public mutating func add(
    _ name: String, _ chunks: [ByteRegion], to output: inout AtomicFile
  ) throws(PortError) -> UInt32 {
    let utf8 = Array(name.utf8)
    guard !utf8.isEmpty, utf8.count <= 0xFFFF, !utf8.contains(0), names.insert(name).inserted
    else {
      throw PortError(
        .unsupported,
        "a zip file cannot hold a member of this name: it is empty, longer than 65,535 bytes, taken,"
          + " or holds a NUL", record: name, remedy: "rename the tensor")
    }
    var checksum: UInt32 = 0
    var count = 0
    for chunk in chunks {
      checksum = crc32(chunk.bytes, seed: checksum)
      count += chunk.count
    }
    let entry = Entry(
      name: utf8, checksum: checksum, count: UInt64(count), offset: UInt64(output.count))
    try output.write(localHeader(entry))
    for chunk in chunks { try output.write(chunk.bytes) }
    if case .torch = style, count > 0 { try output.write(descriptor(entry)) }
    entries.append(entry)
    return checksum
  }

  /// Ends the file with its directory.
  ///
  /// - Parameter comment: the archive's comment, at most 65,535 bytes of text without control
  ///   characters, so that no reader finds the signature of an end record in it.
  /// - Throws: `PortError` for a longer comment, or a failed write.
  public consuming func finish(
    comment: [UInt8] = [], to output: inout AtomicFile
  ) throws(PortError) {
    guard comment.count <= 0xFFFF else {
      throw PortError(
        .limit,
        "the facts about the weights take \(comment.count) bytes, and a zip file's comment"
          + " holds 65,535", remedy: "write a .safetensors or .h5 file, which have no such bound")
    }
    precondition(comment.allSatisfy { $0 >= 0x20 })
    let start = UInt64(output.count)
    for entry in entries { try output.write(directoryEntry(entry)) }
    let end = UInt64(output.count)
    var writer = ByteWriter()
    let size = end - start
    let count = UInt64(entries.count)
    if needsWideEnd(count: count, size: size, start: start) {
      writer.little(UInt32(0x0606_4B50))
      writer.little(UInt64(44))
      // miniz says that Unix wrote it by version 3.0 of the format, zipfile 4.5 without a system.
      writer.little(style == .numPy ? UInt16(45) : UInt16(0x031E))
      writer.little(UInt16(45))
      writer.little(UInt64(0))
      for number in [count, count, size, start] { writer.little(number) }
      writer.little(UInt32(0x0706_4B50))
      writer.little(UInt32(0))
      writer.little(end)
      writer.little(UInt32(1))
    }
    writer.little(UInt32(0x0605_4B50))
    writer.little(UInt32(0))
    for _ in 0..<2 { writer.little(UInt16(clamping: count)) }
    writer.little(UInt32(clamping: size))
    writer.little(UInt32(clamping: start))
    writer.little(UInt16(comment.count))
    writer.append(comment)
    try output.write(writer.bytes)
  }

  private func needsWideEnd(count: UInt64, size: UInt64, start: UInt64) -> Bool {
    switch style {
    case .torch: true
    case .numPy: count > 0xFFFF || size > pythonLimit || start > pythonLimit
    }
  }

  private func localHeader(_ entry: Entry) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(UInt32(0x0403_4B50))
    let extra: [UInt8]
    switch style {
    case .torch(let alignment):
      extra = torchExtra(entry, alignment)
      for field in [0, flags(entry), 0, 0, 0] { writer.little(field) }
      for _ in 0..<3 { writer.little(UInt32(0)) }
    case .numPy:
      extra = wide([entry.count, entry.count])
      for field in [45, flags(entry), 0, 0, 0x21] { writer.little(field) }
      writer.little(entry.checksum)
      for _ in 0..<2 { writer.little(UInt32.max) }
    }
    writer.little(UInt16(entry.name.count))
    writer.little(UInt16(extra.count))
    writer.append(entry.name)
    writer.append(extra)
    return writer.bytes
  }

  /// zip64 sizes where they are needed, and the padding.
  private func torchExtra(_ entry: Entry, _ alignment: Int) -> [UInt8] {
    var extra = wideTorchFields(entry)
    let start = Int(clamping: entry.offset) + 30 + entry.name.count + extra.count + 4
    let padding = (alignment - start % alignment) % alignment
    extra += [UInt8(ascii: "F"), UInt8(ascii: "B")]
    extra += [UInt8(truncatingIfNeeded: padding), UInt8(truncatingIfNeeded: padding >> 8)]
    extra += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
    return extra
  }

  private func wideTorchFields(_ entry: Entry) -> [UInt8] {
    var numbers: [UInt64] = []
    if entry.count >= UInt64(UInt32.max) { numbers += [entry.count, entry.count] }
    if entry.offset >= UInt64(UInt32.max) { numbers.append(entry.offset) }
    return numbers.isEmpty ? [] : wide(numbers)
  }

  private func descriptor(_ entry: Entry) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(UInt32(0x0807_4B50))
    writer.little(entry.checksum)
    for _ in 0..<2 {
      if wideTorchFields(entry).isEmpty {
        writer.little(UInt32(truncatingIfNeeded: entry.count))
      } else {
        writer.little(entry.count)
      }
    }
    return writer.bytes
  }

  private func directoryEntry(_ entry: Entry) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(UInt32(0x0201_4B50))
    let limit: UInt64
    switch style {
    case .torch:
      limit = UInt64(UInt32.max) - 1
      for field in [0, 0, flags(entry), 0, 0, 0] { writer.little(field) }
    case .numPy:
      limit = pythonLimit
      // Made by Unix.
      for field in [0x032D, 45, flags(entry), 0, 0, 0x21] { writer.little(field) }
    }
    var numbers: [UInt64] = []
    let isLarge = entry.count > limit
    if isLarge { numbers += [entry.count, entry.count] }
    if entry.offset > limit { numbers.append(entry.offset) }
    let extra = numbers.isEmpty ? [] : wide(numbers)
    writer.little(entry.checksum)
    for _ in 0..<2 { writer.little(isLarge ? .max : UInt32(truncatingIfNeeded: entry.count)) }
    writer.little(UInt16(entry.name.count))
    writer.little(UInt16(extra.count))
    for _ in 0..<3 { writer.little(UInt16(0)) }
    // zipfile gives the owner the right to read and write.
    writer.little(style == .numPy ? UInt32(0o600) << 16 : 0)
    writer.little(
      entry.offset > limit ? UInt32.max : UInt32(truncatingIfNeeded: entry.offset))
    writer.append(entry.name)
    writer.append(extra)
    return writer.bytes
  }

  /// The name is UTF-8 (`0x0800`; Python says so only where it is not ASCII), sizes and checksum follow
  /// the bytes (`0x0008`; miniz knows them beforehand where there are none).
  private func flags(_ entry: Entry) -> UInt16 {
    switch style {
    case .torch: entry.count > 0 ? 0x0808 : 0x0800
    case .numPy: entry.name.allSatisfy { $0 < 0x80 } ? 0 : 0x0800
    }
  }

  /// The zip64 extra field.
  private func wide(_ numbers: [UInt64]) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(UInt16(1))
    writer.little(UInt16(8 * numbers.count))
    for number in numbers { writer.little(number) }
    return writer.bytes
  }

  /// Beyond this zipfile writes zip64 fields (`zipfile.ZIP64_LIMIT`).
  private var pythonLimit: UInt64 { UInt64(Int32.max) }
}
