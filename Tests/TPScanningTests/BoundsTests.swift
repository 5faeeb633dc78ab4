import Foundation
import TPScanning
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

  @Test func whatIsNoFile() {
    #expect(Scanner.scan(path: "/nonexistent/file").verdict == .unreadable)
    #expect(Scanner.scan(path: NSTemporaryDirectory()).verdict == .unreadable)
  }
}
