import TPBytes
import TPZip
import Testing

private func little(_ number: Int, _ width: Int) -> [UInt8] {
  (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

/// A local header without sizes and checksum, up to its name.
private func header(nameLength: Int) -> [UInt8] {
  [0x50, 0x4B, 3, 4, 20, 0] + zeros(20) + little(nameLength, 2) + zeros(2)
}

/// An entry of a directory, up to its name.
private func entry(nameLength: Int, header: Int) -> [UInt8] {
  [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + zeros(20) + little(nameLength, 2) + zeros(12)
    + little(header, 4)
}

/// An archive of empty members.
private func archive(of names: [[UInt8]]) -> [UInt8] {
  var bytes: [UInt8] = []
  var directory: [UInt8] = []
  for name in names {
    directory += entry(nameLength: name.count, header: bytes.count) + name
    bytes += header(nameLength: name.count) + name
  }
  let count = little(names.count, 2)
  let end: [UInt8] = [0x50, 0x4B, 5, 6] + zeros(4) + count + count
  return bytes + directory + end + little(directory.count, 4) + little(bytes.count, 4) + zeros(2)
}

/// `Ez` and `FY` hash alike, and so do all texts of them. Libzip takes time for such names that grows
/// with the square of their number.
@Test(arguments: [[], [1]] as [[UInt8]])
func namesThatHashAlikeAreRefused(_ prefix: [UInt8]) {
  let names = (0..<2_048).map { (number: Int) -> [UInt8] in
    var name = prefix
    for bit in 0..<11 { name += Array((number >> bit & 1 == 0 ? "Ez" : "FY").utf8) }
    return name
  }
  let error = failure(archive(of: names))
  #expect(error?.kind == .limit)
  #expect(error?.message.contains("names that libzip cannot tell apart") == true)
  #expect(failure(archive(of: Array(names.prefix(1_000)))) == nil)
}

@Test func manyNamesAreRead() {
  let names = (0..<3_000).map { Array("archive/data/\($0)".utf8) }
  #expect(failure(archive(of: names)) == nil)
}

/// Each header's name reaches over hundreds of others: 76 kB became 25 MB. All bytes are ASCII, so that
/// the names are texts.
@Test func namesThatOverlapAreNotKept() throws {
  let length = 0x6161
  let tail = [UInt8](repeating: 0x61, count: 30_000)
  let headers: [UInt8] = (0..<1_000).flatMap { _ in header(nameLength: length) } + tail
  let survey = ZipSurvey(ByteRegion(headers))
  #expect(survey.isCut)
  #expect(survey.entries.reduce(0) { $0 + $1.name.utf8.count } <= headers.count)
  let entries: [UInt8] =
    (0..<1_000).flatMap { entry(nameLength: length, header: $0 % 100 + ($0 / 100) << 8) } + tail
  let salvage = try ZipSalvage(SharedBytes(entries))
  #expect(salvage.records.reduce(0) { $0 + $1.name.utf8.count } <= entries.count)
}
