internal import TPBytes

// A tar file (POSIX.1-2001 "pax Interchange Format"): blocks of 512 bytes, per member
//     0  100 B  name            124   12 B  size, octal digits      156  1 B  type
//   148    8 B  checksum        257    5 B  "ustar"                 345 155 B  prefix of the name
// then the member's bytes, padded to a block. Type "x" holds lines "LENGTH KEY=VALUE\n" for the next
// member, "g" for all; two blocks of zeros end the archive.

/// The members of a tar file by name, lent where they lie.
struct TarArchive {
  /// The member in which the file ends.
  struct Cut {
    /// Its name; `nil` where not even its header is whole.
    let name: String?
    /// The same without the `./` that some programs put before it.
    var plainName: String? { name.map(TarArchive.plain) }
    /// Its first bytes.
    let beginning: ByteRegion
    /// How many bytes the file would have at least.
    let wholeCount: Int
  }

  /// The members that are whole.
  let members: [(name: String, region: ByteRegion)]
  /// Where the file ends too soon.
  let cut: Cut?

  /// - Parameter salvaging: whether a header that is damaged is passed over, up to the next one that is
  ///   not. It takes the member behind it along.
  /// - Throws: `PortError` for a damaged archive, or one with too many members.
  init(
    _ file: ByteRegion, salvaging: Bool = false, limits: ReadLimits
  ) throws(PortError) {
    var members: [(name: String, region: ByteRegion)] = []
    var offset = 0
    var extended: [String: String] = [:]
    while true {
      let found: TarHeader?
      do throws(PortError) {
        found = try TarHeader(file, at: offset)
      } catch {
        guard salvaging else { throw error }
        extended = [:]
        offset = TarArchive.header(in: file, from: offset + 512)
        continue
      }
      guard let header = found else { break }
      guard let whole = header.whole else {
        cut = Cut(name: nil, beginning: ByteRegion([]), wholeCount: offset + 512)
        self.members = members
        return
      }
      let size = extended["size"].flatMap { Int($0) } ?? whole.size
      guard size >= 0, let region = file.slice(offset: offset + 512, length: size) else {
        let (end, overflow) = (offset + 512).addingReportingOverflow(size)
        guard size >= 0, !overflow,
          let beginning = file.slice(offset: offset + 512, length: file.count - offset - 512)
        else {
          throw PortError(
            .malformed, "a member of the tar file is said to have \(size) bytes", offset: offset,
            record: printable(whole.name), remedy: "the file is damaged; fetch it again")
        }
        cut = Cut(name: extended["path"] ?? whole.name, beginning: beginning, wholeCount: end)
        self.members = members
        return
      }
      switch whole.type {
      case UInt8(ascii: "x"): extended = TarArchive.fields(region)
      case UInt8(ascii: "0"), 0:
        members.append((extended["path"] ?? whole.name, region))
        extended = [:]
      default: extended = [:]
      }
      guard members.count <= limits.members else {
        throw PortError(
          .limit, "the tar file has more than \(limits.members) members", offset: offset,
          remedy: ReadLimits.Named.members.remedy)
      }
      // The region lies in the file, so this is far from overflowing.
      offset += 512 + (size + 511) / 512 * 512
    }
    self.members = members
    cut = nil
  }

  /// The whole members by their names.
  ///
  /// - Throws: `PortError` where two have the same one.
  func named() throws(PortError) -> [String: ByteRegion] {
    var named: [String: ByteRegion] = [:]
    for (name, region) in members {
      guard named.updateValue(region, forKey: TarArchive.plain(name)) == nil else {
        throw PortError(
          .malformed, "two members of the tar file have the same name",
          record: TarArchive.plain(name),
          remedy: "readers differ in which one they take; do not trust this file")
      }
    }
    return named
  }

  private static func plain(_ name: String) -> String {
    name.hasPrefix("./") ? String(name.dropFirst(2)) : name
  }

  /// Where the next whole header is, or the end of the file.
  private static func header(in file: ByteRegion, from start: Int) -> Int {
    var offset = start
    while offset < file.count {
      let header = try? TarHeader(file, at: offset)
      if header?.whole != nil { return offset }
      offset += 512
    }
    return file.count
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
        let key = String(decoding: line[..<equal], as: UTF8.self)
        let value = String(decoding: line[(equal + 1)...], as: UTF8.self)
        guard !hasTooManyMarks(key), !hasTooManyMarks(value) else { break }
        fields[key] = value
      }
      rest = rest.dropFirst(length)
    }
    return fields
  }
}

/// The header of a member.
private struct TarHeader {
  /// What it says; `nil` where the file ends inside of it.
  let whole: (name: String, size: Int, type: UInt8)?

  /// `nil` at the end of the archive: a block of zeros, or the end of the file.
  init?(_ file: ByteRegion, at offset: Int) throws(PortError) {
    guard offset < file.count else { return nil }
    guard let block = file.slice(offset: offset, length: 512)?.array() else {
      whole = nil
      return
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
    whole = (prefix.isEmpty ? own : prefix + "/" + own, size, block[156])
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
    return Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}
