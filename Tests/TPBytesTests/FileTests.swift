import Foundation
import TPBytes
import TestSupport
import Testing

@Suite struct FileTests {
  let folder = TemporaryFolder()

  private func kind(of body: () throws -> Void) -> PortError.Kind? {
    do { try body() } catch let error as PortError { return error.kind } catch {}
    return nil
  }

  @Test(arguments: [1, 1 << 30]) func readsWhatWasWritten(mapFrom: Int) throws {
    let path = folder.file("a")
    var file = try AtomicFile(path: path, replacing: false)
    try file.write([1, 2, 3])
    try file.write([4])
    try file.commit()
    let bytes = try SharedBytes(path: path, mapFrom: mapFrom)
    #expect(bytes.isMapped == (mapFrom == 1))
    #expect(bytes.region.array() == [1, 2, 3, 4])
    #expect(bytes.region.slice(offset: 1, length: 2)?.array() == [2, 3])
    #expect(bytes.region.slice(offset: 3, length: 2) == nil)
    #expect(folder.names == ["a"])
  }

  @Test func withoutACommitNothingIsLeft() throws {
    do {
      var file = try AtomicFile(path: folder.file("a"), replacing: false)
      try file.write([1, 2, 3])
      #expect(folder.names.count == 1)
    }
    #expect(folder.names.isEmpty)
  }

  @Test func replacesOnlyWhenAsked() throws {
    let path = folder.file("a")
    try Data([9]).write(to: URL(fileURLWithPath: path))
    #expect(kind { _ = try AtomicFile(path: path, replacing: false) } == .exists)
    var file = try AtomicFile(path: path, replacing: true)
    try file.write([7])
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([9]))
    try file.commit()
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([7]))
  }

  @Test func whatReplacesAPrivateFileIsPrivateFromTheStart() throws {
    func mode(_ path: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
    let path = folder.file("a")
    try Data([9]).write(to: URL(fileURLWithPath: path))
    chmod(path, 0o600)
    var file = try AtomicFile(path: path, replacing: true)
    try file.write([7])
    let unfinished = file.unfinishedPath
    #expect(try mode(unfinished) == 0o600)
    try file.commit()
    #expect(try mode(path) == 0o600)
  }

  @Test func aTargetThatAppearsMeanwhileIsKept() throws {
    let path = folder.file("a")
    var file = try AtomicFile(path: path, replacing: false)
    try file.write([7])
    try Data([9]).write(to: URL(fileURLWithPath: path))
    var caught: PortError?
    do { try file.commit() } catch { caught = error }
    #expect(caught?.kind == .exists)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([9]))
    #expect(folder.names == ["a"])
  }

  @Test func refusesTargetsThatCannotBeWritten() throws {
    mkfifo(folder.file("pipe"), 0o600)
    #expect(kind { _ = try AtomicFile(path: folder.path, replacing: true) } == .notAFile)
    #expect(kind { _ = try AtomicFile(path: folder.file("pipe"), replacing: true) } == .notAFile)
    #expect(kind { _ = try AtomicFile(path: folder.file("no/a"), replacing: true) } == .notFound)
    #expect(kind { _ = try AtomicFile(path: folder.file("x/"), replacing: true) } == .usage)
    #expect(kind { _ = try AtomicFile(path: "", replacing: true) } == .usage)
    #expect(folder.names == ["pipe"])
  }

  @Test func replacingThroughALinkKeepsTheLink() throws {
    let path = folder.file("a")
    try Data([9]).write(to: URL(fileURLWithPath: path))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: path)
    var file = try AtomicFile(path: folder.file("link"), replacing: true)
    try file.write([7])
    try file.commit()
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([7]))
    let target = try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link"))
    #expect(target == path)
  }

  @Test func aLinkToNothingIsNotReplaced() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: "nothing")
    for replacing in [false, true] {
      #expect(
        kind { try AtomicFile.check(path: folder.file("link"), replacing: replacing) }
          == .notFound)
    }
    #expect(folder.names == ["link"])
  }

  /// As long as a file system's names may be, in characters of one byte and of four.
  @Test(arguments: [String(repeating: "a", count: 255), String(repeating: "😀", count: 63)])
  func longNames(name: String) throws {
    var file = try AtomicFile(path: folder.file(name), replacing: false)
    try file.write([7])
    try file.commit()
    #expect(folder.names == [name])
  }

  /// The mark and the slash before it are one character.
  @Test func aNameThatBeginsWithACombiningMark() throws {
    let name = "\u{301}a"
    var file = try AtomicFile(path: folder.file(name), replacing: false)
    try file.write([7])
    try file.commit()
    #expect(folder.names == [name])
  }

  @Test func refusesInputsThatAreNotFiles() throws {
    mkfifo(folder.file("pipe"), 0o600)
    #expect(kind { _ = try SharedBytes(path: folder.file("none")) } == .notFound)
    #expect(kind { _ = try SharedBytes(path: folder.path) } == .notAFile)
    #expect(kind { _ = try SharedBytes(path: folder.file("pipe")) } == .notAFile)
    #expect(kind { _ = try SharedBytes(path: "/dev/null") } == .notAFile)
  }

  @Test(.enabled(if: getuid() != 0, "root may read everything"))
  func refusesInputsThatMayNotBeRead() throws {
    try Data([9]).write(to: URL(fileURLWithPath: folder.file("a")))
    chmod(folder.file("a"), 0)
    #expect(kind { _ = try SharedBytes(path: folder.file("a")) } == .permission)
  }

  @Test func anEmptyFileHasNoBytes() throws {
    try Data().write(to: URL(fileURLWithPath: folder.file("a")))
    #expect(try SharedBytes(path: folder.file("a"), mapFrom: 0).count == 0)
  }
}

@Suite struct PortErrorTests {
  @Test func readsAsOneSentence() {
    let error = PortError(
      .malformed, "opcode 0x76 ('v') is unknown", offset: 17, remedy: "try again"
    )
    .at(record: "archive/data.pkl").at(record: "outer").in(file: "a\u{1B}[31m.pth")
    #expect(
      error.description
        == "a\\u{1b}[31m.pth: opcode 0x76 ('v') is unknown (record archive/data.pkl, byte 17); try again"
    )
  }

  @Test func printableTextIsBounded() {
    #expect(printable(String(repeating: "x", count: 1000), limit: 5) == "xxxxx…")
    #expect(printable("a\u{202E}b\n") == "a\\u{202e}b\\u{a}")
    #expect(
      printable("a\u{61C}\u{AD}\u{FFF9}\u{E0041}\u{180E}é重")
        == "a\\u{61c}\\u{ad}\\u{fff9}\\u{e0041}\\u{180e}é重")
  }

  /// A runner of workflows would execute it, wherever in a line it stands.
  @Test func printableTextHoldsNoCommand() {
    #expect(printable("a##[error]b #[c] ###[d") == "a##\\u{5b}error]b #[c] ###\\u{5b}d")
  }
}
