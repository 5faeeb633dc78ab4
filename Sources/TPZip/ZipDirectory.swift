internal import TPBytes

// The end of a zip file (PKWARE APPNOTE 6.3.10, 4.3.14 to 4.3.16), little-endian:
//   zip64 end of central directory   50 4b 06 06   56 B or more   where sizes are beyond 16 or 32 bits
//   its locator                      50 4b 06 07   20 B
//   end of central directory         50 4b 05 06   22 B + comment
// PyTorch always writes all three.

/// Where the directory of a zip file lies, and how many members it lists.
struct ZipDirectory {
  let memberCount: Int
  /// The directory's bytes, from the start of the file.
  let range: Range<Int>
  /// The archive's comment, from the start of the file.
  let comment: Range<Int>

  /// Finds the directory from the end of the file.
  ///
  /// Only one reading of the end is accepted: the last signature must belong to a record that ends
  /// exactly where the file ends, and nothing may lie between directory and end records.
  init(_ file: RawSpan) throws(PortError) {
    let end = try ZipDirectory.findEnd(file)
    var cursor = ByteCursor(file)
    try cursor.seek(to: end + 4)
    let disk = try cursor.little(UInt16.self)
    let directoryDisk = try cursor.little(UInt16.self)
    let countHere = try cursor.little(UInt16.self)
    var count = UInt64(try cursor.little(UInt16.self))
    var size = UInt64(try cursor.little(UInt32.self))
    var offset = UInt64(try cursor.little(UInt32.self))
    var limit = end
    if let wide = try Wide(file, before: end) {
      guard Wide.agrees(count, 0xFFFF, wide.count), Wide.agrees(size, 0xFFFF_FFFF, wide.size),
        Wide.agrees(offset, 0xFFFF_FFFF, wide.offset)
      else {
        throw PortError(
          .malformed, "the two records that end a zip file contradict each other", offset: end)
      }
      (count, size, offset, limit) = (wide.count, wide.size, wide.offset, wide.start)
    } else {
      guard disk == 0, directoryDisk == 0, UInt64(countHere) == count else {
        throw splitArchive(end)
      }
    }
    guard let memberCount = Int(exactly: count), let start = Int(exactly: offset),
      let length = Int(exactly: size), start <= limit, length == limit - start
    else {
      throw PortError(
        .malformed,
        "the directory of the zip file (\(size) bytes from byte \(offset)) does not end where the"
          + " record after it begins", offset: limit,
        remedy: "the file is damaged, or something was put in front of it; fetch it again")
    }
    self.memberCount = memberCount
    range = start..<limit
    comment = end + 22..<file.byteCount
  }

  /// The offset of the end record.
  private static func findEnd(_ file: RawSpan) throws(PortError) -> Int {
    let least = 22
    var found: Int?
    let earliest = max(0, file.byteCount - least - 0xFFFF)
    var position = file.byteCount - least
    while position >= earliest {
      if word(file, position) == 0x0605_4B50 {
        let comment = Int(byte(file, position + 20)) | Int(byte(file, position + 21)) << 8
        let fits = position + least + comment == file.byteCount
        if found == nil, !fits { throw trailing(position + least + comment, file.byteCount) }
        if found != nil, fits {
          throw PortError(
            .malformed, "the zip file has two ends, so that readers disagree about its contents",
            offset: position, remedy: "do not trust this file; write it anew with its own program")
        }
        if fits { found = position }
      }
      position -= 1
    }
    guard let found else {
      throw PortError(
        .truncated,
        "has \(file.byteCount) bytes and lacks the directory that a zip file ends with",
        offset: file.byteCount, remedy: "the download is probably incomplete; fetch it again")
    }
    return found
  }

  private static func trailing(_ end: Int, _ count: Int) -> PortError {
    if end > count {
      return PortError(
        .truncated, "the zip file's comment runs \(end - count) bytes past the end of the file",
        offset: count, remedy: "the download is probably incomplete; fetch it again")
    }
    return PortError(
      .malformed, "\(count - end) bytes follow the end of the zip file", offset: end,
      remedy: "readers disagree about such a file; fetch it again, or cut it at that byte")
  }

  private static func byte(_ file: RawSpan, _ offset: Int) -> UInt8 {
    unsafe file.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  private static func word(_ file: RawSpan, _ offset: Int) -> UInt32 {
    unsafe UInt32(littleEndian: file.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}

private func splitArchive(_ offset: Int) -> PortError {
  PortError(
    .unsupported, "the zip file is one part of several", offset: offset,
    remedy: "join the parts first")
}

/// The zip64 end record, before whose locator it must end.
private struct Wide {
  let count: UInt64
  let size: UInt64
  let offset: UInt64
  let start: Int

  /// `nil` where the file has no locator.
  init?(_ file: RawSpan, before end: Int) throws(PortError) {
    guard end >= 20 else { return nil }
    var cursor = ByteCursor(file)
    try cursor.seek(to: end - 20)
    guard try cursor.little(UInt32.self) == 0x0706_4B50 else { return nil }
    let disk = try cursor.little(UInt32.self)
    let place = try cursor.little(UInt64.self)
    let disks = try cursor.little(UInt32.self)
    guard disk == 0, disks <= 1 else { throw splitArchive(end - 20) }
    guard let start = Int(exactly: place), start <= end - 20 - 56 else {
      throw PortError(
        .malformed, "the zip64 record is said to lie at byte \(place), behind its own locator",
        offset: end - 20)
    }
    try cursor.seek(to: start)
    let signature = try cursor.little(UInt32.self)
    let length = try cursor.little(UInt64.self)
    guard signature == 0x0606_4B50, length >= 44, length == UInt64(end - 20 - start - 12) else {
      throw PortError(
        .malformed, "there is no zip64 record that ends where its locator begins", offset: start)
    }
    try cursor.skip(4)
    let own = try cursor.little(UInt32.self)
    let directory = try cursor.little(UInt32.self)
    let countHere = try cursor.little(UInt64.self)
    count = try cursor.little(UInt64.self)
    size = try cursor.little(UInt64.self)
    offset = try cursor.little(UInt64.self)
    guard own == 0, directory == 0, countHere == count else { throw splitArchive(start) }
    self.start = start
  }

  /// A narrow field is either saturated or says the same.
  static func agrees(_ narrow: UInt64, _ saturated: UInt64, _ wide: UInt64) -> Bool {
    narrow == saturated || narrow == wide
  }
}
