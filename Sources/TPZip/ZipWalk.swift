internal import TPBytes

/// Our own walk of a zip file's directory.
enum ZipWalk {
  /// Deflate levels (bits 1, 2), sizes after the data (bit 3), UTF-8 names (bit 11). Anything else,
  /// encryption above all, some readers ignore and others stumble over.
  private static let knownFlags: UInt16 = 0x080E

  /// The members in the order of the directory.
  static func members(
    of file: RawSpan, _ directory: ZipDirectory, limits: ReadLimits
  ) throws(PortError) -> [ZipMember] {
    guard directory.memberCount <= limits.members else {
      throw PortError(
        .limit, "the zip file has \(directory.memberCount) members, more than \(limits.members)",
        offset: directory.range.lowerBound, remedy: ReadLimits.Named.members.remedy)
    }
    var cursor = ByteCursor(
      file.extracting(directory.range), base: directory.range.lowerBound)
    var members: [ZipMember] = []
    // An entry takes 46 bytes or more: a false count cannot reserve much.
    members.reserveCapacity(min(directory.memberCount, directory.range.count / 46))
    while !cursor.isAtEnd {
      let entry = try ZipEntry(&cursor)
      members.append(
        try member(entry, index: members.count, file: file, end: directory.range.lowerBound))
    }
    guard members.count == directory.memberCount else {
      throw PortError(
        .malformed,
        "the zip file's directory lists \(members.count) members and its end record counts"
          + " \(directory.memberCount)", offset: directory.range.lowerBound,
        remedy: "the file is damaged; fetch it again")
    }
    try checkOverlaps(members)
    return members
  }

  private static func member(
    _ entry: ZipEntry, index: Int, file: RawSpan, end: Int
  ) throws(PortError) -> ZipMember {
    guard let name = String(validating: entry.name, as: UTF8.self), !name.isEmpty,
      !entry.name.contains(0)
    else {
      throw PortError(
        .malformed, "the name of member \(index) of the zip file is empty or not UTF-8 text",
        offset: entry.offset)
    }
    try checkMarks(of: name, offset: entry.offset)
    do throws(PortError) {
      let method = try checkedMethod(entry)
      guard let headerOffset = Int(exactly: entry.headerOffset), headerOffset <= end,
        let storedCount = Int(exactly: entry.storedCount),
        let byteCount = Int(exactly: entry.byteCount)
      else {
        throw PortError(
          .malformed,
          "the member is said to begin at byte \(entry.headerOffset), which is no part of the"
            + " members", offset: entry.offset, remedy: "the file is damaged; fetch it again")
      }
      let local = try ZipLocalHeader(file, at: headerOffset)
      try check(local, against: entry, at: headerOffset)
      guard local.dataOffset <= end, storedCount <= end - local.dataOffset else {
        throw PortError(
          .malformed,
          "the member's \(storedCount) bytes from byte \(local.dataOffset) on reach into the"
            + " directory", offset: headerOffset, remedy: "the file is damaged; fetch it again")
      }
      guard method == .deflated || storedCount == byteCount else {
        throw PortError(
          .malformed, "the member is stored and has two sizes, \(storedCount) and \(byteCount)",
          offset: entry.offset)
      }
      // PyTorch writes 0 where it was told to compute none.
      let isAbsent = entry.checksum == 0 && byteCount > 0
      return ZipMember(
        name: name, method: method, byteCount: byteCount,
        checksum: isAbsent ? nil : entry.checksum, index: index, headerOffset: headerOffset,
        storedRange: local.dataOffset..<local.dataOffset + storedCount)
    } catch {
      throw error.at(record: name)
    }
  }

  private static func checkedMethod(_ entry: ZipEntry) throws(PortError) -> ZipMember.Method {
    try checkFlags(entry.flags, at: entry.offset)
    guard let method = ZipMember.Method(rawValue: entry.method) else {
      throw PortError(
        .unsupported,
        "the member is compressed by method \(entry.method); only stored (0) and deflated (8)"
          + " members are read", offset: entry.offset,
        remedy: "unpack the archive and pack it again without compression")
    }
    return method
  }

  private static func checkFlags(_ flags: UInt16, at offset: Int) throws(PortError) {
    guard flags & 0x2041 == 0 else {
      throw PortError(
        .unsupported, "the member claims to be encrypted", offset: offset,
        remedy: "decrypt the archive first")
    }
    let unknown = flags & ~knownFlags
    guard unknown == 0 else {
      throw PortError(
        .unsupported,
        "the member has zip flags 0x\(String(unknown, radix: 16)) set, which readers treat"
          + " differently", offset: offset, remedy: "write the archive anew")
    }
  }

  private static func check(
    _ local: ZipLocalHeader, against entry: ZipEntry, at offset: Int
  ) throws(PortError) {
    guard local.name == entry.name else {
      throw PortError(
        .malformed,
        "the member's own header calls it"
          + " \(printable(String(decoding: local.name, as: UTF8.self))), its directory otherwise",
        offset: offset, remedy: "do not trust this file; readers differ in which name they take")
    }
    try checkFlags(local.flags, at: offset)
    let isSilent = local.flags & 8 != 0 && local.checksum == 0
    guard local.method == entry.method, isSilent || local.checksum == entry.checksum else {
      throw PortError(
        .malformed, "the member's own header and the directory contradict each other",
        offset: offset, remedy: "the file is damaged; fetch it again")
    }
  }

  /// No byte belongs to two members, and the file begins with one.
  private static func checkOverlaps(_ members: [ZipMember]) throws(PortError) {
    var end = 0
    for member in members.sorted(by: { $0.headerOffset < $1.headerOffset }) {
      if end == 0, member.headerOffset > 0 {
        throw PortError(
          .malformed,
          "the first member that the directory lists begins at byte"
            + " \(member.headerOffset), not at the start of the file", record: member.name,
          remedy: "readers disagree about such a file; write it anew")
      }
      guard member.headerOffset >= end else {
        throw PortError(
          .malformed, "the member overlaps the one before it", offset: member.headerOffset,
          record: member.name, remedy: "the file is damaged or made to deceive; fetch it again")
      }
      end = member.storedRange.upperBound
    }
  }
}
