import Foundation
import TPBytes
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What `verify` leaves for continuous integration, through the command.
@Suite struct VerifyReportTests {
  static let best = fixture("run/best_lightweight_model.pth")
  static let bare = fixture("goldens/bare.npz")
  static let other = fixture("goldens/middle_logits.npz")
  let folder = TemporaryFolder()
  let schemas: JSONSchema

  init() throws {
    schemas = try JSONSchema.documented()
  }

  @Test func severalGoldensAreJudgedAndTheWorstCounts() throws {
    let missing = folder.file("missing.npz")
    let run = try torchport(
      "verify", Self.best, "--golden", Self.bare, "--golden", Self.other, "--golden", missing,
      "--no-diagnosis", "--json")
    #expect(run.status == 2)
    let json = try #require(run.json)
    #expect(schemas.findings(json, file: "verify.json") == [])
    #expect(json["verdict"] == "broken")
    let goldens = try #require(json["goldens"]?.array)
    #expect(goldens.map { $0["status"] } == [0, 1, 2])
    #expect(goldens.map { $0["verdict"] } == ["holds", "broken", nil])
    #expect(goldens.map { $0["golden"]?.string } == [Self.bare, Self.other, missing])
    #expect(goldens[2]["error"]?["kind"] == "not_found")
    let two = try torchport(
      "verify", Self.best, "--golden", Self.bare, "--golden", Self.other, "--no-diagnosis")
    #expect(two.status == 1)
    #expect(two.output.hasSuffix("\n1 of 2 goldens holds, 1 broken\n"), "\(two.output)")
  }

  @Test func isQuietWhereAllHolds() throws {
    let brief = try torchport("verify", Self.best, "--golden", Self.bare)
    #expect(brief.status == 0)
    #expect(brief.output.split(separator: "\n").count == 5, "\(brief.output)")
    #expect(brief.output.contains("  port: max |z| "))
    let verbose = try torchport("verify", Self.best, "--golden", Self.bare, "--verbose")
    #expect(verbose.output.contains("PyTorch max z") && !brief.output.contains("PyTorch max z"))
  }

  @Test func searchesForAFaultUnlessToldNotTo() throws {
    let run = try torchport(
      "verify", Self.best, "--golden", Self.other, "--no-diagnosis", "--json")
    #expect(run.status == 1)
    #expect(run.json?["diagnosis"] == [])
  }

  @Test func jUnitCountsWhatItLists() throws {
    let path = folder.file("parity.xml")
    // A name that every layer has to escape.
    let odd = folder.file("<a>&\"b'|%0A,::`*_.npz")
    try FileManager.default.copyItem(atPath: Self.other, toPath: odd)
    let run = try torchport(
      "verify", Self.best, "--golden", Self.bare, "--golden", odd, "--golden",
      folder.file("]]>.npz"), "--no-diagnosis", "--junit", path)
    #expect(run.status == 2)
    let document = try JUnitDocument(path)
    // A suite for each golden, and one for each of its clips.
    #expect(document.suites.count == 3 + 3 + 1)
    for suite in document.suites {
      #expect(suite.attributes["tests"] == "\(suite.cases.count)")
      for (attribute, element) in [
        ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"),
      ] {
        #expect(
          suite.attributes[attribute] == "\(suite.cases.count { $0.outcomes == [element] })")
      }
      #expect(suite.cases.allSatisfy { $0.outcomes.count <= 1 })
      for required in ["name", "timestamp", "hostname", "package", "id", "time"] {
        #expect(suite.attributes[required]?.isEmpty == false)
      }
    }
    #expect(document.suites.map { $0.attributes["id"] } == (0..<7).map { "\($0)" })
    #expect(document.suites[3].attributes["name"] == "<a>&\"b'|%0A,::`*_.npz")
    #expect(
      document.suites.map { $0.attributes["failures"] } == ["0", "0", "0", "2", "1", "1", "0"])
    #expect(document.suites[6].attributes["errors"] == "1")
    // logits is judged, fourteen are absent, the verdict and the prediction are cases of their own.
    #expect(document.suites[0].cases.map(\.name).suffix(2) == ["logits", "verdict"])
    #expect(document.suites[0].attributes["skipped"] == "14")
    #expect(document.suites[1].cases.last?.name == "prediction")
  }

  @Test func reportsReplaceOnlyByForce() throws {
    let path = folder.file("parity.xml")
    let arguments = ["verify", Self.best, "--golden", Self.bare, "--junit", path]
    #expect(try torchport(arguments).status == 0)
    let again = try torchport(arguments)
    #expect(again.status == 2)
    #expect(again.errors.contains("exists already; give --force"))
    #expect(try torchport(arguments + ["--force"]).status == 0)
    #expect(folder.names == ["parity.xml"])
  }

  @Test func markdownIsAddedToTheSummaryOfAStep() throws {
    let (summary, file) = (folder.file("summary.md"), folder.file("report.md"))
    try "before\n".write(toFile: summary, atomically: true, encoding: .utf8)
    let odd = folder.file("<img src=x>|`_*.npz")
    try FileManager.default.copyItem(atPath: Self.bare, toPath: odd)
    let run = try torchport(
      ["verify", Self.best, "--golden", odd, "--markdown", file],
      environment: ["GITHUB_STEP_SUMMARY": summary])
    #expect(run.status == 0)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(try String(contentsOfFile: summary, encoding: .utf8) == "before\n" + text)
    #expect(!text.contains("<"))
    #expect(text.contains("&#60;img src=x&#62;&#124;&#96;&#95;&#42;.npz: parity holds\n"))
    #expect(text.contains("| logits | 8 | "))
    // A row has as many cells as the head.
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("|") }
    #expect(rows.count == 3)
    #expect(rows.allSatisfy { $0.count { $0 == "|" } == 10 })
  }

  @Test func aSummaryThatCannotBeWrittenIsAWarning() throws {
    let run = try torchport(
      ["verify", Self.best, "--golden", Self.bare],
      environment: ["GITHUB_STEP_SUMMARY": folder.file("no/such/folder")])
    #expect(run.status == 0)
    #expect(run.errors.contains("warning: nothing was added to GITHUB_STEP_SUMMARY"))
    let full = folder.file("full.md")
    try String(repeating: "x", count: 1 << 20).write(
      toFile: full, atomically: true, encoding: .utf8)
    let refused = try torchport(
      ["verify", Self.best, "--golden", Self.bare], environment: ["GITHUB_STEP_SUMMARY": full])
    #expect(refused.status == 0)
    #expect(refused.errors.contains("GitHub takes at most 1048576 bytes"))
  }

  @Test func annotationsAreEscapedAndAtMostTen() throws {
    let odd = folder.file("100%, a:b.npz")
    try FileManager.default.copyItem(atPath: Self.other, toPath: odd)
    var arguments = ["verify", Self.best, "--golden", odd, "--no-diagnosis", "--json"]
    for index in 0..<12 { arguments += ["--golden", folder.file("missing\(index).npz")] }
    let run = try torchport(arguments, environment: ["GITHUB_ACTIONS": "true"])
    #expect(run.json != nil)
    let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("::") }
    #expect(lines.count == 10)
    #expect(
      lines.first?.hasPrefix(
        "::error title=torchport verify%3A 100%25%2C a%3Ab.npz::parity is BROKEN: ") == true)
    #expect(lines.last?.hasSuffix("::4 more findings; see the report") == true)
    #expect(try torchport(arguments).errors.contains("::") == false)
    // Nothing to say where all holds.
    let quiet = try torchport(
      ["verify", Self.best, "--golden", Self.bare], environment: ["GITHUB_ACTIONS": "true"])
    #expect(quiet.errors.isEmpty)
  }

  @Test func anErrorThatGrewFails() throws {
    let run = try torchport("verify", Self.best, "--golden", Self.bare, "--json")
    let previous = folder.file("previous.json")
    try run.output.write(toFile: previous, atomically: true, encoding: .utf8)
    let arguments = [
      "verify", Self.best, "--golden", Self.bare, "--at-least-as-good-as", previous, "--json",
    ]
    let same = try torchport(arguments)
    #expect(same.status == 0)
    #expect(same.json?["baseline"]?["grown"] == [])
    #expect(same.json?["baseline"]?["compared"] == 5)
    let report = try #require(same.json)
    #expect(schemas.findings(report, file: "verify.json") == [])

    // The earlier run's port was better by 2 %: what was 1 is 0.98.
    let row = try #require(run.json?["activations"]?.array?.last?["port"])
    let rms = try #require(row["rms"]?.double)
    let text = row.text()
    let better = run.output.replacingOccurrences(of: "\(rms)", with: "\(rms * 0.98)")
    #expect(better != run.output, "\(text)")
    try better.write(toFile: previous, atomically: true, encoding: .utf8)
    let worse = try torchport(arguments)
    #expect(worse.status == 1)
    let grown = try #require(worse.json?["baseline"]?["grown"]?.array)
    #expect(grown.count == 1)
    #expect(grown.first?["side"] == "port")
    #expect(grown.first?["measure"] == "rms z")
    #expect(grown.first?["activation"] == "logits")
    #expect(schemas.findings(try #require(worse.json), file: "verify.json") == [])
    // By half a per cent it may differ.
    try run.output.replacingOccurrences(of: "\(rms)", with: "\(rms * 0.995)").write(
      toFile: previous, atomically: true, encoding: .utf8)
    #expect(try torchport(arguments).status == 0)
  }

  @Test func aGoldenThatWasDroppedIsNotPassed() throws {
    let previous = folder.file("previous.json")
    let two = try torchport(
      "verify", Self.best, "--golden", Self.bare, "--golden", Self.other, "--no-diagnosis",
      "--json")
    try two.output.write(toFile: previous, atomically: true, encoding: .utf8)
    let one = try torchport(
      "verify", Self.best, "--golden", Self.bare, "--at-least-as-good-as", previous, "--junit",
      folder.file("one.xml"))
    #expect(one.status == 1)
    let dropped = try #require(try JUnitDocument(folder.file("one.xml")).suites.last)
    #expect(dropped.attributes["name"] == previous && dropped.attributes["failures"] == "1")
    #expect(one.output.contains("middle_logits.npz of \(previous) was not judged"))
    // What the earlier run does not have is not as good as it was: nobody knows.
    let alone = try torchport("verify", Self.best, "--golden", Self.bare, "--json")
    try alone.output.write(toFile: previous, atomically: true, encoding: .utf8)
    let more = folder.file("more.xml")
    _ = try torchport(
      "verify", Self.best, "--golden", Self.bare, "--golden", Self.other, "--no-diagnosis",
      "--at-least-as-good-as", previous, "--junit", more)
    let cases = try JUnitDocument(more).suites.compactMap { suite in
      suite.cases.first { $0.name == "at least as good as before" }
    }
    #expect(cases.map(\.outcomes) == [[], ["skipped"]])
    try "{\"command\": \"diff\"}".write(toFile: previous, atomically: true, encoding: .utf8)
    let wrong = try torchport(
      "verify", Self.best, "--golden", Self.bare, "--at-least-as-good-as", previous)
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains("is not what `verify --golden GOLDEN --json` printed"))
  }

  @Test(arguments: [
    "--ledger", "--audit-golden", "--no-diagnosis", "--verbose", "--junit=x", "--html=x",
    "--markdown=x",
    "--at-least-as-good-as=x",
  ])
  func whatNeedsAGoldenSaysSo(option: String) throws {
    let run = try torchport("verify", Self.best, option)
    #expect(run.status == 64)
    #expect(run.errors.contains("needs a recorded run: give --golden, too"))
  }
}

/// Suites and cases of a JUnit file, by an XML parser.
private final class JUnitDocument: NSObject, XMLParserDelegate {
  struct Case {
    var name: String
    var outcomes: [String] = []
  }
  struct Suite {
    var attributes: [String: String]
    var cases: [Case] = []
  }
  private(set) var suites: [Suite] = []

  init(_ path: String) throws {
    super.init()
    let parser = XMLParser(data: try Data(contentsOf: URL(fileURLWithPath: path)))
    parser.delegate = self
    try #require(parser.parse(), "\(String(describing: parser.parserError))")
  }

  func parser(
    _ parser: XMLParser, didStartElement element: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    let suite = suites.count - 1
    switch element {
    case "testsuite": suites.append(Suite(attributes: attributes))
    case "testcase": suites[suite].cases.append(Case(name: attributes["name"] ?? ""))
    case "failure", "error", "skipped":
      suites[suite].cases[suites[suite].cases.count - 1].outcomes.append(element)
    default: break
    }
  }
}
