import Foundation
import TPScanning
import TestSupport
import Testing

/// What a file does, told under another appearance.
@Suite struct DisguiseTests {
  private func scan(_ bytes: [UInt8]) throws -> ScanReport {
    let path = try temporaryPath("file")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return Scanner.scan(path: path)
  }

  /// U+212A is a K to Swift and none to Python: a name that is listed vouched for one that is not.
  @Test func aKelvinSign() throws {
    let module = "ctorch.nn.modules.loss\n"
    let names = Array((module + "KLDivLoss\n" + module + "\u{212A}LDivLoss\n").utf8)
    let report = try scan([0x80, 2] + names + [0x86, 0x2E])
    #expect(report.verdict == .suspicious)
    #expect(report.globals.map(\.standing) == [.known, .unknown])
  }

  /// A safetensors file to one program, a pickle to another: the length of the header is BINUNICODE,
  /// which takes the beginning of the header along, and the pickle goes on in a text of the metadata.
  @Test func aPickleInASafetensorsFile() throws {
    let module = String(repeating: "m", count: 32)
    let name = String(repeating: "n", count: 32)
    // SHORT_BINSTRING of 32 bytes, twice; BINPUT and STACK_GLOBAL are one letter; EMPTY_TUPLE, REDUCE.
    let program = "U " + module + "U " + name + "q\u{D3})R."
    let tensor = #""w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#
    var header = Array((#"{"__metadata__":{"x":""# + program + #""},"# + tensor + "}").utf8)
    // Three bytes of the length and the 22 before the program are the text.
    let length = 0x58 + 25 << 8
    header += [UInt8](repeating: 0x20, count: length - header.count)
    let report = try scan([0x58, 25, 0, 0, 0, 0, 0, 0] + header + [0, 0, 0, 0])
    #expect(report.globals.map(\.fullName) == [module + "." + name])
    #expect(report.verdict == .suspicious)
    let plain = Array((#"{"__metadata__":{"x":"y"},"# + tensor + "}").utf8)
    let honest = plain + [UInt8](repeating: 0x20, count: length - plain.count)
    #expect(try scan([0x58, 25, 0, 0, 0, 0, 0, 0] + honest + [0, 0, 0, 0]).verdict == .clean)
  }

  /// JSON may write any letter by its number.
  @Test(arguments: ["Lambda", #"\u004cambda"#, #"L\u0061mbd\u0061"#])
  func aLambdaLayer(_ name: String) throws {
    let text = Array((#"{"class_name": ""# + name + #"", "config": {}}"#).utf8)
    let report = try scan([0x80, 2, 0x58, UInt8(text.count), 0, 0, 0] + text + [0x2E])
    #expect(report.findings.map(\.rule) == [.lambdaLayer])
  }

  /// A zip file of one empty member.
  private func zip(_ name: String) -> [UInt8] {
    let bytes = Array(name.utf8)
    let count = UInt8(bytes.count)
    // Version, flags (UTF-8), method, time, date, checksum and both sizes, and two lengths.
    let fields: [UInt8] =
      [20, 0, 0, 8] + [UInt8](repeating: 0, count: 18) + [count, 0, 0, 0]
    let local = [0x50, 0x4B, 3, 4] + fields + bytes
    let central =
      [0x50, 0x4B, 1, 2, 20, 0] + fields + [UInt8](repeating: 0, count: 14) + bytes
    let end: [UInt8] =
      [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, UInt8(central.count), 0, 0, 0]
      + [UInt8(local.count), 0, 0, 0, 0, 0]
    return local + central + end
  }

  /// To Swift a slash and the mark that combines with it are one character, and no slash.
  @Test(arguments: [
    ("z/../x", true), ("z/../\u{301}x", true), ("/\u{301}x", true), ("z\\\u{301}x", true),
    ("z/./\u{301}x", true), ("z/..x/\u{301}x", false),
  ]) func namesThatLeadOut(name: String, leadsOut: Bool) throws {
    let found = try scan(zip(name)).findings.contains {
      $0.message == "the member's name leads out of its folder"
    }
    #expect(found == leadsOut)
  }

  /// The two names are the same to Swift; one of the files was looked at.
  @Test func shardsWhoseNamesLookTheSame() throws {
    let folder = TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let evil: [UInt8] = [0x80, 2] + Array("cos\nsystem\n)R.".utf8)
    _ = try folder.save("\u{E9}.bin", [0x80, 2, 0x4E, 0x2E])
    _ = try folder.save("e\u{301}.bin", evil)
    let index = "{\"weight_map\": {\"a\": \"\u{E9}.bin\", \"b\": \"e\u{301}.bin\"}}"
    let report = Scanner.scan(path: try folder.save("model.index.json", Array(index.utf8)))
    #expect(report.verdict == .dangerous)
    #expect(report.pickles == 2)
  }

  /// A checkpoint code.pt has the folder code, as a TorchScript program has; it was taken for one, whose
  /// own classes Python does not import.
  @Test(arguments: ["code/data.pkl", "archive/data.pkl"])
  func aCheckpointThatIsCalledCode(_ name: String) throws {
    let program: [UInt8] = [0x80, 2] + Array("c__torch__.evil\nrun\n)R.".utf8)
    let version = name.replacingOccurrences(of: "data.pkl", with: "version")
    let report = try scan(archive([(name, program), (version, [0x33, 0x0A])]))
    #expect(report.verdict == .suspicious)
    #expect(report.globals.map(\.standing) == [.unknown])
  }

  /// An archive of stored members without checksums.
  private func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    func little(_ number: Int, _ width: Int) -> [UInt8] {
      (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in members {
      // Version, flags, method, time, date and checksum, then sizes and the length of the name.
      var facts: [UInt8] = little(20, 14)
      facts += little(content.count, 4)
      facts += little(content.count, 4)
      facts += little(name.utf8.count, 2)
      directory += [0x50, 0x4B, 1, 2, 20, 0]
      directory += facts
      directory += little(0, 12)
      directory += little(bytes.count, 4)
      directory += Array(name.utf8)
      bytes += [0x50, 0x4B, 3, 4]
      bytes += facts
      bytes += little(0, 2)
      bytes += Array(name.utf8)
      bytes += content
    }
    let start = bytes.count
    bytes += directory
    bytes += [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
    for _ in 0..<2 { bytes += little(members.count, 2) }
    bytes += little(directory.count, 4)
    bytes += little(start, 4)
    return bytes + [0, 0]
  }
}
