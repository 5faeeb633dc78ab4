import Foundation
import TPBytes
import TPScanning
import TestSupport
import Testing

/// Small files that ask for much work end as `unreadable`, and nothing behind a bound is called clean.
@Suite struct BoundsTests {
  private func scan(_ bytes: [UInt8]) throws -> ScanReport {
    let path = NSTemporaryDirectory() + "/torchport-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return Scanner.scan(path: path)
  }

  @Test func morePicklesThanAreLookedAt() throws {
    let none: [UInt8] = [0x80, 2, UInt8(ascii: "N"), UInt8(ascii: ".")]
    let report = try scan(Array(repeatElement(none, count: 10_100).joined()))
    #expect(report.verdict == .unreadable)
    #expect(report.omittedFindings > 0)
  }

  /// Each place that looks like a pickle runs to the end of the file and fails there.
  @Test func placesThatLeadNowhere() throws {
    var bytes = [UInt8](repeating: 0, count: 512)
    bytes.replaceSubrange(257..<262, with: Array("ustar".utf8))
    for _ in 0..<30_000 { bytes += [0x80, 2, UInt8(ascii: "(")] }
    #expect(try scan(bytes).verdict == .unreadable)
  }

  @Test func theGravestFindingIsNotCrowdedOut() throws {
    var text = "("
    for number in 0..<1_500 { text += "cmod\(number)\nname\n" }
    let report = try scan(Array((text + "cos\nsystem\nl.").utf8))
    #expect(report.verdict == .dangerous)
    #expect(report.findings.count == 1_000)
    #expect(report.omittedFindings > 0)
  }

  /// Names beyond those that are listed still decide the verdict.
  @Test func moreNamesThanAreListed() throws {
    var text = "("
    for number in 0..<12_000 { text += "cmod\(number)\nname\n" }
    let report = try scan(Array((text + "cos\nsystem\nl.").utf8))
    #expect(report.verdict == .dangerous)
    #expect(report.globals.count == 10_000)
    #expect(report.findings.contains { $0.message.contains("os.system") })
    #expect(report.omittedFindings == 11_001)
  }

  /// A name costs far more than the bytes that it is read from; what lies behind is found all the same.
  @Test func moreNamesThanBytesAccountFor() throws {
    var text = "("
    for number in 0..<200_000 { text += "ca\n\(number)\n" }
    let report = try scan(Array((text + "cos\nsystem\nl.").utf8))
    #expect(report.verdict == .dangerous)
    #expect(report.findings.contains { $0.message.contains("os.system") })
    let many = try scan(Array((text + "l.").utf8))
    #expect(many.verdict == .unreadable)
    #expect(many.globals.count == 10_000)
  }

  /// 12 million opcodes in 24 kB are not run; see fixtures/torch-files/make_bombs.py.
  @Test func aPickleThatInflates() {
    let report = Scanner.scan(path: fixture("torch-files/bombs/pickle.pth"))
    #expect(report.verdict == .unreadable)
    #expect(report.pickles == 0)
  }

  /// Pickles that are each within the limits, and not together.
  @Test(arguments: ["package.pt", "inflating.pt"])
  func picklesOfOneFile(_ name: String) {
    #expect(Scanner.scan(path: fixture("torch-files/bombs/" + name)).verdict == .unreadable)
    #expect(Scanner.scan(path: fixture("torch-files/bombs/fair.pt")).verdict == .clean)
  }

  /// An honest tar file of PyTorch 0.1 whose elements are -0.0, each of which looks like the PROTO of a
  /// pickle: more places than may be looked at in a file of its size.
  @Test func elementsThatLookLikePickles() throws {
    let count = 1_500_000
    let minusZeros = Array(repeatElement([0, 0, 0, 0x80] as [UInt8], count: count).joined())
    let report = try scan(Tar.checkpoint(minusZeros, count: count))
    #expect(report.verdict == .clean, "\(report.findings)")
    #expect(report.globals.map(\.fullName).sorted() == ["torch.FloatStorage", "torch.FloatTensor"])
    // sys_info, pickle, number and storage and views, number and tensor
    #expect(report.pickles == 7)
  }

  @Test func whatATarFileRuns() throws {
    let evil = [0x80, 2] + Array("cos\nsystem\n(X\u{2}\0\0\0idtR.".utf8)
    let called = Tar.checkpoint([0, 0, 0, 0], count: 1, program: evil)
    #expect(try scan(called).verdict == .dangerous)
    // Nothing runs what lies between the elements; it is told all the same.
    let padded = evil + Array(repeating: 0, count: 3 - (evil.count - 1) % 4)
    #expect(try scan(Tar.checkpoint(padded, count: padded.count / 4)).verdict == .dangerous)
  }

  /// Values that are pickles, each of which was run and listed.
  @Test func moreNestedPicklesThanAreLookedAt() throws {
    let inner: [UInt8] = [0x80, 2] + Array("ca\nb\n)R.".utf8)
    var bytes: [UInt8] = [0x80, 4, UInt8(ascii: "(")]
    for _ in 0..<200_000 { bytes += [UInt8(ascii: "C"), UInt8(inner.count)] + inner }
    #expect(try scan(bytes + Array("l.".utf8)).verdict == .unreadable)
  }

  /// Each of them was described down to the first, by recursion.
  @Test func resultsThatAreCalled() throws {
    let calls = Array(repeatElement(Array(")R".utf8), count: 300_000).joined())
    let report = try scan([0x80, 2] + Array("cos\nsystem\n".utf8) + calls + Array(".".utf8))
    #expect(report.verdict == .dangerous || report.verdict == .unreadable)
    #expect(report.globals.map(\.name) == ["system"])
  }

  /// `_load_from_bytes(bytearray(bytearray(...)))`, found by recursion.
  @Test func bytesOfBytes() throws {
    let loader = Array("ctorch.storage\n_load_from_bytes\n".utf8)
    let maker = Array("c__builtin__\nbytearray\nq\0".utf8)
    let takers = Array(repeatElement(Array("h\0".utf8), count: 300_000).joined())
    let calls = Array(
      repeatElement(Array("\u{5}R".utf8.map { $0 == 5 ? 0x85 : $0 }), count: 300_000).joined())
    let report = try scan(
      [0x80, 2] + loader + maker + takers + Array("C\0".utf8) + calls + [0x85] + Array("R.".utf8))
    #expect(report.verdict == .unreadable)
  }

  /// Two indexes that name each other were followed until the stack was full.
  @Test func indexesThatNameEachOther() throws {
    let folder = NSTemporaryDirectory() + "/torchport-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, other) in [("a.index.json", "b.index.json"), ("b.index.json", "a.index.json")] {
      let text = #"{"weight_map": {"w": ""# + other + #""}}"#
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
    }
    let report = Scanner.scan(path: folder + "/a.index.json")
    #expect(report.verdict == .unreadable)
    #expect(report.findings.contains { $0.message.hasPrefix("an index of shards is itself") })
  }

  /// 16 times the same archive, in which lie 16 times the same archive, and so on: 22 kB that come to
  /// terabytes; see fixtures/torch-files/make_bombs.py.
  @Test func archivesInArchives() {
    var limits = ReadLimits()
    limits.materialisedBytes = 256 << 20
    let start = ContinuousClock.now
    let report = Scanner.scan(path: fixture("torch-files/bombs/nested.zip"), limits: limits)
    #expect(report.verdict == .unreadable)
    #expect(
      report.findings.contains { $0.message.contains("inflate to more than may be looked at") })
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  /// What a file's own members inflate to is in proportion to it, and each alone is within the limit.
  @Test func membersThatComeToMoreTogether() throws {
    // np.savez_compressed(file, a=zeros, b=zeros, c=zeros) of zeros = np.zeros(40000, "u1")
    let base64 =
      "UEsDBC0AAAAIAAAAIQDrKk+l//////////8FABQAYS5ucHkBABAAwJwAAAAAAACHAAAAAAAAAO3IMQ4BQQBA0dU6"
      + "xXRDsgWJygF0RKNQycaOKMTKDBqcwoWtxgHU73X/v1eb5Xo7qO7VI7ap7HOch/i8TWMd4qHL19ycd11u0/cvmlNJ"
      + "/S/H5pL6Hs0mvXpch1f407ACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB+PlBLAwQtAAAA"
      + "CAAAACEA6ypPpf//////////BQAUAGIubnB5AQAQAMCcAAAAAAAAhwAAAAAAAADtyDEOAUEAQNHVOsV0Q7IFicoB"
      + "dESjUMnGjijEygwanMKFrcYB1O91/79Xm+V6O6ju1SO2qexznIf4vE1jHeKhy9fcnHddbtP3L5pTSf0vx+aS+h7N"
      + "Jr16XIdX+NOwAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAfj5QSwMELQAAAAgAAAAhAOsq"
      + "T6X//////////wUAFABjLm5weQEAEADAnAAAAAAAAIcAAAAAAAAA7cgxDgFBAEDR1TrFdEOyBYnKAXREo1DJxo4o"
      + "xMoMGpzCha3GAdTvdf+/V5vlejuo7tUjtqnsc5yH+LxNYx3iocvX3Jx3XW7T9y+aU0n9L8fmkvoezSa9elyHV/jT"
      + "sAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAH4+UEsBAi0DLQAAAAgAAAAhAOsqT6WHAAAA"
      + "wJwAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsBAi0DLQAAAAgAAAAhAOsqT6WHAAAAwJwAAAUAAAAAAAAAAAAA"
      + "AIABvgAAAGIubnB5UEsBAi0DLQAAAAgAAAAhAOsqT6WHAAAAwJwAAAUAAAAAAAAAAAAAAIABfAEAAGMubnB5UEsF"
      + "BgAAAAADAAMAmQAAADoCAAAAAA=="
    let path = try temporaryPath("zeros.npz")
    let zeros = try #require(Data(base64Encoded: base64))
    try zeros.write(to: URL(fileURLWithPath: path))
    var limits = ReadLimits()
    limits.materialisedBytes = 60_000
    #expect(Scanner.scan(path: path, limits: limits).verdict == .clean)
    limits.materialisedBytes = 40_000
    #expect(Scanner.scan(path: path, limits: limits).verdict == .unreadable)
  }

  @Test func moreTextsThanAreSearched() throws {
    let text = String(repeating: "x", count: 100)
    let header = Array(#"{"__metadata__":{"x":"\#(text)"}}"#.utf8)
    let path = try temporaryPath("texts.safetensors")
    try Data([UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header).write(
      to: URL(fileURLWithPath: path))
    var limits = ReadLimits()
    limits.pickleBytes = 50
    let report = Scanner.scan(path: path, limits: limits)
    #expect(report.verdict == .unreadable)
    #expect(
      report.findings.map(\.message) == [
        "the texts of the file have more than 50 bytes together and were not all searched;"
          + " raise the limit pickle-bytes if you trust the file"
      ])
  }

  /// Bytes of half a megabyte that 2,000 calls load were looked at for each.
  @Test func bytesThatAreLoadedAgainAndAgain() throws {
    let inner: [UInt8] =
      [0x80, 2] + Array("](".utf8)
      + Array(repeatElement(Array("K\u{1}".utf8), count: 500_000).joined()) + Array("e.".utf8)
    let length = (0..<4).map { UInt8(truncatingIfNeeded: inner.count >> (8 * $0)) }
    var bytes: [UInt8] = [0x80, 3, 0x42] + length + inner
    bytes += Array("q\u{1}".utf8) + [0x85] + Array("q\u{2}0".utf8)
    bytes += Array("ctorch.storage\n_load_from_bytes\nq\u{3}0](".utf8)
    bytes += Array(repeatElement(Array("h\u{3}h\u{2}R".utf8), count: 2_000).joined())
    bytes += Array("e.".utf8)
    let start = ContinuousClock.now
    let report = try scan(bytes)
    #expect(report.pickles == 2)
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  /// Behind each of 30,000 pickles that fail, the rest of the file was read on.
  @Test func whatFollowsPicklesThatFail() throws {
    var bytes = [UInt8](repeating: 0, count: 512)
    bytes.replaceSubrange(257..<262, with: Array("ustar".utf8))
    let program: [UInt8] = [0x80, 2] + Array("cos\nsystem\ntNNNNNNNNNN".utf8)
    bytes += Array(repeatElement(program, count: 30_000).joined())
    let start = ContinuousClock.now
    #expect(try scan(bytes).verdict == .dangerous)
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test func whatIsNoFile() {
    #expect(Scanner.scan(path: "/nonexistent/file").verdict == .unreadable)
    #expect(Scanner.scan(path: NSTemporaryDirectory()).verdict == .unreadable)
  }
}
