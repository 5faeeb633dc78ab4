import Foundation
import TPBytes
import TPComparison
import TestSupport
import Testing

/// What `sha256sum` of coreutils 9.1 wrote of odd names (fixtures/audit/make.py).
@Suite struct ChecksumManifestTests {
  private static let folder =
    fixture("audit/")

  private func written(_ name: String) throws -> [UInt8] {
    try SharedBytes(path: Self.folder + name).region.array()
  }

  @Test(arguments: ["sha256sum.text", "sha256sum.binary", "sha256sum.tag"])
  func readsWhatSha256sumWrote(name: String) throws {
    let manifest = try ChecksumManifest(parsing: try written(name))
    #expect(
      manifest.entries.map(\.name) == [
        " two  spaces .txt", "*star.txt", "back\\slash.txt", "carriage\rreturn.txt", "grüße.txt",
        "line\nfeed.txt", "plain.txt",
      ])
    #expect(
      manifest.entries[2].digest
        == "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f")
    #expect(manifest.entries.allSatisfy { $0.digest.count == 64 && $0.byteCount == nil })
  }

  @Test func writesTheSame() throws {
    let bytes = try written("sha256sum.text")
    #expect(Array(try ChecksumManifest(parsing: bytes).text.utf8) == bytes)
  }

  @Test func keepsSizes() throws {
    let digest = String(repeating: "0a", count: 32)
    let manifest = ChecksumManifest([
      .init(digest: digest, name: "a", byteCount: 5), .init(digest: digest, name: "b\nc"),
    ])
    #expect(manifest.text == "# 5 bytes\n\(digest)  a\n\\\(digest)  b\\nc\n")
    #expect(try ChecksumManifest(parsing: Array(manifest.text.utf8)) == manifest)
  }

  @Test(arguments: [
    "abc  name", String(repeating: "a", count: 64), String(repeating: "a", count: 64) + "  ",
    String(repeating: "g", count: 64) + "  name", String(repeating: "a", count: 64) + " -name",
    "\\" + String(repeating: "a", count: 64) + "  a\\t", "SHA256 (a) = abc",
    "\\" + String(repeating: "a", count: 64) + "  a\\",
  ]) func refusesOtherLines(line: String) throws {
    let error = #expect(throws: PortError.self) {
      try ChecksumManifest(parsing: Array(("# x\n\n" + line + "\n").utf8))
    }
    #expect(error?.kind == .malformed)
    #expect(error?.message.hasPrefix("line 3 is not") == true)
  }

  /// Two spaces stand in the name where they stand behind the digits in the other form.
  @Test func aNameCanHaveSpacesAnywhere() throws {
    let name = String(repeating: "a", count: 56) + "  b"
    let line = "SHA256 (\(name)) = " + String(repeating: "0", count: 64)
    #expect(try ChecksumManifest(parsing: Array(line.utf8)).entries.map(\.name) == [name])
  }

  @Test func namesAreUTF8() throws {
    let bytes = Array((String(repeating: "a", count: 64) + "  ").utf8) + [0xFF, 0x0A]
    #expect(throws: PortError.self) { try ChecksumManifest(parsing: bytes) }
  }
}
