import Foundation
import TPBytes
import TestSupport
import Testing

/// `torchport scan`, as its user runs it; the verdicts are TPScanningTests' matter.
@Suite struct ScanTests {
  let folder = TemporaryFolder()
  static let clean = fixture("gallery/files/zip/plain_2_13.pth")
  static let suspicious = fixture("gallery/files/values/config_object.pth")
  static let dangerous = fixture("gallery/files/hostile/reduce.pth")
  static let unreadable = fixture("gallery/files/disguised/html.pth")

  @Test(arguments: [
    ([clean], 0, "clean"), ([suspicious], 1, "suspicious"), ([dangerous], 1, "dangerous"),
    ([unreadable], 2, "unreadable"), ([clean, suspicious, dangerous], 1, "dangerous"),
    ([dangerous, unreadable, clean], 2, "unreadable"), ([clean, "none.pth"], 2, "unreadable"),
  ])
  func theStatusIsThatOfTheGravestFile(files: [String], status: Int32, verdict: String) throws {
    let run = try torchport(["scan", "--json"] + files)
    #expect(run.status == status)
    #expect(run.json?["verdict"]?.string == verdict)
    #expect(run.json?["error"] == .null)
    #expect(run.json?["files"]?.array?.map { $0["file"]?.string } == files)
    let text = try torchport(["scan"] + files)
    #expect(text.status == status)
    for file in files { #expect(text.output.contains("\(file): ")) }
  }

  @Test func aFindingSaysWhatAndWhere() throws {
    let run = try torchport("scan", Self.dangerous)
    // pickletools puts the REDUCE of data.pkl at byte 172.
    #expect(
      run.output.contains(
        "dangerous: REDUCE calls os.system: os.system('echo gallery')"
          + " (record archive/data.pkl, byte 172)"), "\(run.output)")
  }

  @Test func aFolderIsWalked() throws {
    let inner = folder.file("weights/inner")
    try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
    let manager = FileManager.default
    try manager.copyItem(atPath: Self.clean, toPath: folder.file("weights/b.pth"))
    try manager.copyItem(atPath: Self.dangerous, toPath: inner + "/a.bin")
    try "# Weights\n".write(
      toFile: folder.file("weights/README.md"), atomically: true, encoding: .utf8)
    try manager.copyItem(atPath: Self.dangerous, toPath: folder.file("outside.pth"))
    try manager.createSymbolicLink(
      atPath: folder.file("weights/out.pth"), withDestinationPath: folder.file("outside.pth"))
    try manager.createSymbolicLink(
      atPath: folder.file("weights/link.pth"), withDestinationPath: folder.file("weights/b.pth"))
    try manager.createSymbolicLink(
      atPath: inner + "/loop", withDestinationPath: folder.file("weights"))
    let run = try torchport("scan", "--json", folder.file("weights"))
    #expect(run.status == 1)
    #expect(
      run.json?["files"]?.array?.map { $0["file"]?.string } == [
        folder.file("weights/b.pth"), inner + "/a.bin", folder.file("weights/link.pth"),
      ])
    #expect(run.json?["skipped"]?.array?.map(\.string) == [folder.file("weights/README.md")])
    // A text with the ending of weights is not passed over.
    try "hello\n".write(
      toFile: folder.file("weights/c.pth"), atomically: true, encoding: .utf8)
    #expect(try torchport("scan", folder.file("weights")).status == 2)
  }

  /// OASIS SARIF 2.1.0, sections 3.13, 3.14, 3.18, 3.19, 3.27; and what GitHub asks for besides.
  @Test func sarifHasItsStructure() throws {
    let path = folder.file("findings.sarif")
    let files = [Self.clean, Self.suspicious, Self.dangerous, Self.unreadable]
    #expect(try torchport(["scan", "--sarif", path] + files).status == 2)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let document = try JSONValue(parsing: text)
    #expect(document["version"] == "2.1.0")
    #expect(document["$schema"]?.string?.hasSuffix("sarif-2.1.0.json") == true)
    let run = try #require(document["runs"]?.array?.first)
    let driver = try #require(run["tool"]?["driver"])
    #expect(driver["name"] == "torchport")
    let rules = try #require(driver["rules"]?.array)
    #expect(Set(rules.map { $0["id"]?.string }).count == rules.count)
    #expect(rules.allSatisfy { $0["shortDescription"]?["text"]?.string?.hasSuffix(".") == true })
    let results = try #require(run["results"]?.array)
    #expect(Set(results.compactMap { $0["level"]?.string }) == ["warning", "error"])
    #expect(results.contains { $0["ruleId"] == "code_execution" && $0["level"] == "error" })
    var prints: Set<String> = []
    for result in results {
      let index = try #require(result["ruleIndex"]?.int)
      #expect(rules[index]["id"] == result["ruleId"])
      #expect(result["message"]?["text"]?.string?.isEmpty == false)
      let place = result["locations"]?.array?.first?["physicalLocation"]
      #expect(place?["region"]?["startLine"] == 1)
      let uri = try #require(place?["artifactLocation"]?["uri"]?.string)
      #expect(files.contains(URL(string: uri)?.path ?? ""))
      for print in result["partialFingerprints"]?.members ?? [] {
        prints.insert(print.value.string ?? "")
      }
    }
    #expect(prints.count == results.count)
    // It is replaced only when told to.
    #expect(try torchport("scan", "--sarif", path, Self.clean).status == 2)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    #expect(try torchport("scan", "--sarif", path, "--force", Self.clean).status == 0)
    let empty = try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
    #expect(empty["runs"]?.array?.first?["results"] == [])
  }
}
