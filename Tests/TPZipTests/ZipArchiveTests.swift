import TPBytes
import TPZip
import TestSupport
import Testing

/// The bytes of an archive in fixtures/torch-files/zips, made by Python's zipfile module.
func archive(_ name: String) throws -> [UInt8] {
  try SharedBytes(path: fixture("torch-files/zips/" + name)).region.array()
}

func text(_ archive: ZipArchive, _ name: String) throws -> String {
  let member = try #require(archive[name])
  return String(decoding: try archive.bytes(of: member).array(), as: UTF8.self)
}

/// The error that opening an archive, or reading all of it, ends in.
func failure(_ bytes: [UInt8], limits: ReadLimits = ReadLimits()) -> PortError? {
  do throws(PortError) {
    let archive = try ZipArchive(SharedBytes(bytes), limits: limits)
    for member in archive.members { _ = try archive.bytes(of: member) }
    return nil
  } catch {
    return error
  }
}

@Test(arguments: ["plain.zip", "deflated.zip", "comment.zip"])
func membersAreRead(_ name: String) throws {
  let file = SharedBytes(try archive(name))
  let zip = try ZipArchive(file)
  #expect(zip.members.map(\.name) == ["a.txt", "folder/größe.bin", "empty", "folder/"])
  #expect(try text(zip, "a.txt") == "first")
  let binary = try #require(zip["folder/größe.bin"])
  #expect(try zip.bytes(of: binary).array() == Array(0...255))
  #expect(try text(zip, "empty") == "")
  #expect(zip["other"] == nil)
  let checksums = zip.verify()
  #expect(checksums.verified == 4)
  #expect(checksums.absent == 0)
  #expect(checksums.mismatched == [])
}

@Test func storedMembersAreLent() throws {
  let file = SharedBytes(try archive("plain.zip"))
  let zip = try ZipArchive(file)
  let member = try #require(zip["a.txt"])
  #expect(member.method == .stored)
  let region = try zip.bytes(of: member)
  #expect(region.owner === file)
  #expect(region.range == member.storedRange)
}

@Test func anArchiveInAnArchive() throws {
  let zip = try ZipArchive(SharedBytes(try archive("inner.zip")))
  let inner = try zip.bytes(of: try #require(zip["inner.zip"])).array()
  #expect(try text(try ZipArchive(SharedBytes(inner)), "a.txt") == "first")
}

@Test func zip64FieldsAreRead() throws {
  #expect(try text(try ZipArchive(SharedBytes(try archive("wide.zip"))), "wide") == "wide")
}

@Test func anEmptyArchive() throws {
  #expect(try ZipArchive(SharedBytes(try archive("nothing.zip"))).members.isEmpty)
}

@Test func anAbsentChecksumIsAccepted() throws {
  for name in ["plain.zip", "deflated.zip"] {
    var bytes = try archive(name)
    let entry = try #require(directoryEntry(bytes))
    for place in [14, entry + 16] { bytes.replaceSubrange(place..<place + 4, with: [0, 0, 0, 0]) }
    let zip = try ZipArchive(SharedBytes(bytes))
    #expect(zip["a.txt"]?.checksum == nil)
    #expect(try text(zip, "a.txt") == "first")
    #expect(zip.verify().absent == 1)
  }
}

@Test func aFlippedBitIsFound() throws {
  var bytes = try archive("plain.zip")
  bytes[35] ^= 1
  let zip = try ZipArchive(SharedBytes(bytes))
  let member = try #require(zip["a.txt"])
  let error = #expect(throws: PortError.self) { try zip.bytes(of: member) }
  #expect(error?.kind == .checksum)
  #expect(error?.record == "a.txt")
  #expect(error?.offset == 35)
  #expect(
    error?.message
      == "the checksum does not match the bytes: CRC-32 0xaf11c7e7 instead of 0x9271ee57")
  #expect(zip.verify().mismatched == ["a.txt"])
}

@Test func bombsAreNotInflated() throws {
  let bytes = try archive("bomb.zip")
  #expect(failure(bytes) == nil)
  var limits = ReadLimits()
  limits.inflateRatio = 500
  let error = failure(bytes, limits: limits)
  #expect(error?.kind == .limit)
  #expect(error?.record == "zeros")
  limits = ReadLimits()
  limits.materialisedBytes = 1 << 20
  #expect(failure(bytes, limits: limits)?.kind == .limit)
  limits = ReadLimits()
  limits.members = 0
  #expect(failure(bytes, limits: limits)?.kind == .limit)
}

/// Where the first entry of the directory begins.
func directoryEntry(_ bytes: [UInt8]) -> Int? {
  bytes.indices.dropLast(3).first { bytes[$0..<$0 + 4].elementsEqual([0x50, 0x4B, 1, 2]) }
}
