internal import TPBytes

// A tar file (POSIX.1-2001 "pax Interchange Format"): blocks of 512 bytes, per member
//     0  100 B  name            124   12 B  size, octal digits      156  1 B  type
//   148    8 B  checksum        257    5 B  "ustar"                 345 155 B  prefix of the name
// then the member's bytes, padded to a block. Type "x" holds lines "LENGTH KEY=VALUE\n" for the next
// member, "g" for all; two blocks of zeros end the archive.

/// The members of a tar file by name, lent where they lie.
struct TarArchive {
  let members: [(name: String, region: ByteRegion)]

  /// - Throws: `PortError` for a damaged or truncated archive, or one with too many members.
  init(_ file: ByteRegion, limits: ReadLimits) throws(PortError) {
    var members: [(name: String, region: ByteRegion)] = []
    var offset = 0
    var extended: [String: String] = [:]
    while let header = try TarHeader(file, at: offset) {
      let size = extended["size"].flatMap { Int($0) } ?? header.size
      guard size >= 0, let region = file.slice(offset: offset + 512, length: size) else {
        throw PortError(
          .truncated,
          "has \(file.count) bytes, and a member of the tar file reaches \(size) bytes beyond byte"
            + " \(offset + 512)", offset: offset, record: header.name,
          remedy: "the file is incomplete; fetch it again")
      }
      switch header.type {
      case UInt8(ascii: "x"): extended = TarArchive.fields(region)
      case UInt8(ascii: "0"), 0:
        members.append((extended["path"] ?? header.name, region))
        extended = [:]
      default: extended = [:]
      }
      guard members.count <= limits.members else {
        throw PortError(
          .limit, "the tar file has more than \(limits.members) members", offset: offset)
      }
      // The region lies in the file, so this is far from overflowing.
      offset += 512 + (size + 511) / 512 * 512
    }
    self.members = members
  }

  /// `LENGTH KEY=VALUE\n`, the length counting itself; what is not so ends the list.
  private static func fields(_ region: ByteRegion) -> [String: String] {
    var fields: [String: String] = [:]
    var rest = region.array()[...]
    while let space = rest.firstIndex(of: 0x20),
      let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
      length > space - rest.startIndex, length <= rest.count
    {
      let line = rest[(space + 1)..<(rest.startIndex + length)].dropLast()
      if let equal = line.firstIndex(of: UInt8(ascii: "=")) {
        fields[String(decoding: line[..<equal], as: UTF8.self)] = String(
          decoding: line[(equal + 1)...], as: UTF8.self)
      }
      rest = rest.dropFirst(length)
    }
    return fields
  }
}

/// The header of a member.
private struct TarHeader {
  let name: String
  let size: Int
  let type: UInt8

  /// `nil` at the end of the archive: a block of zeros, or the end of the file.
  init?(_ file: ByteRegion, at offset: Int) throws(PortError) {
    guard offset < file.count else { return nil }
    guard let block = file.slice(offset: offset, length: 512)?.array() else {
      throw PortError(
        .truncated, "has \(file.count) bytes and ends inside of a header of the tar file",
        offset: offset, remedy: "the file is incomplete; fetch it again")
    }
    if block.allSatisfy({ $0 == 0 }) { return nil }
    // The checksum counts itself as spaces.
    var sum = 8 * 0x20
    for (place, byte) in block.enumerated() where !(148..<156).contains(place) { sum += Int(byte) }
    guard TarHeader.octal(block[148..<156]) == sum, let size = TarHeader.octal(block[124..<136])
    else {
      throw PortError(
        .malformed, "the header of a member of the tar file is damaged", offset: offset,
        remedy: "fetch the file again")
    }
    let prefix = TarHeader.text(block[345..<500])
    let own = TarHeader.text(block[0..<100])
    name = prefix.isEmpty ? own : prefix + "/" + own
    self.size = size
    type = block[156]
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
    return Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}
