import Foundation
import TPBytes
import TestSupport
import Testing

/// `convert --map` and `--dry-run`, and what docs/mapping.md shows.
@Suite struct MappingTests {
  let folder = TemporaryFolder()

  private static func blocks(_ language: String) throws -> [String] {
    let text = try String(
      contentsOf: packageRoot.appendingPathComponent("docs/mapping.md"), encoding: .utf8)
    return text.components(separatedBy: "```\(language)\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
  }

  private static func schema() throws -> JSONSchema {
    var files: [String: JSONValue] = [:]
    let schemas = packageRoot.appendingPathComponent("docs/json")
    for name in try FileManager.default.contentsOfDirectory(atPath: schemas.path) {
      files[name] = try JSONValue(
        parsing: String(contentsOf: schemas.appendingPathComponent(name), encoding: .utf8))
    }
    return JSONSchema(files: files)
  }

  /// Whether the command reads a map: it must get as far as a rule that means no tensor.
  private func isRead(_ text: String, as name: String) throws -> Bool {
    try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
    let run = try torchport(
      "convert", fixture("mapping/other.pth"), "-o", folder.file("a.h5"), "--architecture", "none",
      "--map", folder.file(name))
    return run.status == 0 || run.errors.contains(" of the map, ")
  }

  @Test func everyExampleIsAMap() throws {
    let schema = try Self.schema()
    let json = try Self.blocks("json")
    let yaml = try Self.blocks("yaml")
    #expect(json.count + yaml.count >= 2)
    for text in json {
      #expect(schema.findings(try JSONValue(parsing: text), file: "map.json") == [])
      #expect(try isRead(text, as: "map.json"))
    }
    for text in yaml { #expect(try isRead(text, as: "map.yaml")) }
    for name in ["there", "back"] {
      let text = try String(contentsOfFile: fixture("mapping/\(name).json"), encoding: .utf8)
      #expect(schema.findings(try JSONValue(parsing: text), file: "map.json") == [])
    }
  }

  @Test(arguments: [
    ("map.json", "{", "JSON"),
    ("map.json", #"{"torchport_map": 1, "rules": [{"drop": {"regex": "("}}]}"#, "rule 1"),
    ("map.yaml", "a: [", "line"),
    ("map.yml", "a: 1\na: 2\n", "twice"),
    ("map.yaml", "rules: &all\n  - 1\n", "anchors"),
    ("map.yaml", "? [a]\n: 1\n", "key"),
    ("map.yaml", "torchport_map: 1\nrules:\n  - rename: a\n    to: 5\n", "rule 1"),
    ("map.yaml", "", "empty"),
    ("map.yaml", "# nothing but words\n", "empty"),
    ("map.yaml", "---\n", "empty"),
    ("map.yaml", "a: *b\n", "aliases are not read (line 1, column 4)"),
    ("map.yaml", "a: !!int 3\n", "tag:yaml.org,2002:int"),
    ("map.yaml", "{a: 1}\n---\n{b: 2}\n", "second document (line 2, column 1)"),
    ("map.yaml", "a: b: c\n", "line 1, column 5"),
    ("map.yaml", "a: \u{1}\n", "YAML"),
    ("map.yaml", String(repeating: "[", count: 100), "64 levels"),
    ("map.yaml", String(repeating: "- ", count: 100_000) + "a", "YAML"),
  ]) func aMapThatCannotBeRead(name: String, text: String, says: String) throws {
    try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
    let run = try torchport(
      "convert", fixture("mapping/other.pth"), "-o", folder.file("a.h5"), "--map",
      folder.file(name))
    #expect(run.status == 2)
    #expect(run.errors.contains(name), "\(run.errors)")
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1)
    #expect(folder.names == [name])
  }

  @Test func aDryRunWritesNothingAndTellsAll() throws {
    let run = try torchport(
      "convert", fixture("mapping/other.pth"), "-o", folder.file("a.safetensors"), "--map",
      fixture("mapping/there.json"), "--architecture", "none", "--dry-run", "--json")
    #expect(run.status == 0, "\(run.errors)")
    #expect(folder.names == [])
    let json = try #require(run.json)
    #expect(try Self.schema().findings(json, file: "convert.json") == [])
    #expect(json["dry_run"] == true)
    #expect(json["bytes"] == .null)
    #expect(json["plan"]?.array?.count == 17)
    #expect(json["plan"]?.array?.first?["sources"] == ["backbone.conv.kernel"])
    #expect(json["plan"]?.array?.first?["changes"] == ["permuted by [4, 3, 0, 1, 2]"])
    #expect(
      json["dropped"] == [["name": "aux.weight", "sources": ["aux.weight"], "rule": 2]])
    #expect(json["container"] == "model")
    // Then it does what it said.
    let done = try torchport(
      "convert", fixture("mapping/other.pth"), "-o", folder.file("a.safetensors"), "--map",
      fixture("mapping/there.json"), "--architecture", "none", "--json")
    #expect(done.json?["plan"] == json["plan"])
    #expect(done.json?["digest"] == json["digest"])
    // What may not be replaced is told before.
    let again = try torchport(
      "convert", fixture("mapping/other.pth"), "-o", folder.file("a.safetensors"), "--dry-run")
    #expect(again.status == 2)
  }

  /// Weights under other names fit the network once a map has renamed them.
  @Test func aMapMakesWeightsFit() throws {
    let renamed = fixture("misfits/renamed_key.pth")
    let map = #"""
      {"torchport_map": 1, "rules": [{"rename": {"regex": "fc_final\\.(.*)"}, "to": "fc_out.$1"}]}
      """#
    try map.write(toFile: folder.file("map.json"), atomically: true, encoding: .utf8)
    let run = try torchport(
      "convert", renamed, "-o", folder.file("a.safetensors"), "--map", folder.file("map.json"),
      "--json")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.json?["architecture"] == "LightweightCNNLSTM")
    let wrong = try torchport(
      "convert", fixture("misfits/fitting.pth"), "-o", folder.file("b.safetensors"), "--map",
      folder.file("map.json"))
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains("rule 1 of the map"))
    #expect(!wrong.errors.contains("--architecture none"))
  }

  /// Tried one way after the other this takes longer than anybody waits for; what is still tried ends
  /// with the process.
  @Test(.timeLimit(.minutes(1))) func anExpressionCannotTakeForEver() throws {
    let map = try folder.save(
      "endless.json",
      Array(
        """
        {"torchport_map": 1, "rules": [
          {"rename": "head.left", "to": "\(String(repeating: "a", count: 60))"},
          {"drop": {"regex": "(a+)+b"}}]}
        """.utf8))
    let run = try torchport(
      "convert", fixture("mapping/other.pth"), "-o", folder.file("a.safetensors"), "--map", map,
      "--architecture", "none", "--json")
    #expect(run.status == 2)
    #expect(run.json?["error"]?["kind"] == "limit")
    let message = run.json?["error"]?["message"]?.string ?? ""
    #expect(message.contains("rule 2 of the map"), "\(message)")
    #expect(message.contains("takes longer than 10 seconds"), "\(message)")
    #expect(folder.names == ["endless.json"])
  }
}
