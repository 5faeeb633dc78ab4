internal import TPBytes

// An entry of the directory (APPNOTE 4.3.12) and the local header it points at (4.3.7); all
// little-endian. PyTorch's local headers give neither sizes nor checksum (flag bit 3), so what the
// directory says counts, and a local header may only repeat it or say nothing.

/// An entry of the directory, as written.
struct ZipEntry {
  let offset: Int
  let flags: UInt16
  let method: UInt16
  let checksum: UInt32
  let storedCount: UInt64
  let byteCount: UInt64
  let headerOffset: UInt64
  let name: [UInt8]

  /// Reads the entry at the cursor; its offsets count from the start of the file.
  init(_ cursor: inout ByteCursor) throws(PortError) {
    offset = cursor.fileOffset
    guard try cursor.little(UInt32.self) == 0x0201_4B50 else {
      throw PortError(
        .malformed, "the zip file's directory has no entry where one should be", offset: offset,
        remedy: "the file is damaged; fetch it again")
    }
    try cursor.skip(4)
    flags = try cursor.little(UInt16.self)
    method = try cursor.little(UInt16.self)
    try cursor.skip(4)
    checksum = try cursor.little(UInt32.self)
    let narrowStored = try cursor.little(UInt32.self)
    let narrowCount = try cursor.little(UInt32.self)
    let nameLength = Int(try cursor.little(UInt16.self))
    let extraLength = Int(try cursor.little(UInt16.self))
    let commentLength = Int(try cursor.little(UInt16.self))
    let disk = try cursor.little(UInt16.self)
    try cursor.skip(6)
    let narrowOffset = try cursor.little(UInt32.self)
    name = try cursor.array(nameLength)
    let extraOffset = cursor.fileOffset
    var extra = ByteCursor(try cursor.span(extraLength), base: extraOffset)
    try cursor.skip(commentLength)
    var wide = try WideFields(&extra)
    byteCount = try wide.next(narrowCount)
    storedCount = try wide.next(narrowStored)
    headerOffset = try wide.next(narrowOffset)
    guard disk == 0 || disk == 0xFFFF else {
      throw PortError(
        .unsupported, "the zip file is one part of several", offset: offset,
        remedy: "join the parts first")
    }
  }
}

/// The fields of a zip64 extra field, which holds exactly those that are saturated elsewhere.
private struct WideFields {
  private var values: [UInt64] = []
  private let offset: Int

  init(_ extra: inout ByteCursor) throws(PortError) {
    offset = extra.fileOffset
    var isKnown = false
    while !extra.isAtEnd {
      let tag = try extra.little(UInt16.self)
      let length = try extra.length(UInt16.self)
      let end = extra.offset + length
      if tag == 1 {
        guard !isKnown else {
          throw PortError(
            .malformed, "a member has two zip64 fields, and readers differ in which one counts",
            offset: offset)
        }
        isKnown = true
        while end - extra.offset >= 8 { values.append(try extra.little(UInt64.self)) }
      }
      try extra.seek(to: end)
    }
  }

  mutating func next(_ narrow: UInt32) throws(PortError) -> UInt64 {
    guard narrow == .max else { return UInt64(narrow) }
    // A size of exactly 2^32-1 needs no zip64 field, but every writer gives it one.
    guard !values.isEmpty else {
      throw PortError(.malformed, "a member lacks a zip64 field that it needs", offset: offset)
    }
    return values.removeFirst()
  }
}

/// What a local header says, as far as it matters.
struct ZipLocalHeader {
  let flags: UInt16
  let method: UInt16
  let checksum: UInt32
  let name: [UInt8]
  /// Where the member's bytes begin.
  let dataOffset: Int

  init(_ file: RawSpan, at offset: Int) throws(PortError) {
    var cursor = ByteCursor(file)
    try cursor.seek(to: offset)
    guard try cursor.little(UInt32.self) == 0x0403_4B50 else {
      throw PortError(
        .malformed, "no member begins where the zip file's directory says that one does",
        offset: offset, remedy: "the file is damaged; fetch it again")
    }
    try cursor.skip(2)
    flags = try cursor.little(UInt16.self)
    method = try cursor.little(UInt16.self)
    try cursor.skip(4)
    checksum = try cursor.little(UInt32.self)
    try cursor.skip(8)
    let nameLength = Int(try cursor.little(UInt16.self))
    let extraLength = Int(try cursor.little(UInt16.self))
    name = try cursor.array(nameLength)
    try cursor.skip(extraLength)
    dataOffset = cursor.offset
  }
}
