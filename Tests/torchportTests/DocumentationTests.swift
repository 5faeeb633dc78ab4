import Foundation
import Testing

/// Every `console` block of the documents is what the command prints: a line `$ torchport ...` is
/// run, and what follows it must be its output.
@Suite struct DocumentationTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var file: String
    var command: String
    var output: String
    var testDescription: String { "\(file): \(command)" }
  }

  private static func examples(of file: String) throws -> [Example] {
    let text = try String(
      contentsOf: packageRoot.appendingPathComponent(file), encoding: .utf8)
    var found: [Example] = []
    var inside = false
    for line in text.components(separatedBy: "\n") {
      if line.hasPrefix("```") {
        inside = line == "```console"
      } else if inside, line.hasPrefix("$ ") {
        found.append(Example(file: file, command: String(line.dropFirst(2)), output: ""))
      } else if inside, !found.isEmpty {
        found[found.count - 1].output += line + "\n"
      }
    }
    return found
  }

  @Test(arguments: [
    ("README.md", 6), ("docs/mapping.md", 1), ("docs/golden.md", 1), ("docs/evaluate.md", 1),
    ("docs/history.md", 1), ("docs/audit.md", 2),
    ("docs/diff.md", 1), ("docs/clips.md", 1),
  ])
  func printsWhatIsShown(file: String, count: Int) throws {
    let examples = try Self.examples(of: file)
    #expect(examples.count >= count)
    let folder = TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("fixtures"),
      withDestinationPath: packageRoot.appendingPathComponent("fixtures").path)
    for example in examples {
      let words = example.command.split(separator: " ").map(String.init)
      #expect(words.first == "torchport")
      let run = try torchport(Array(words.dropFirst()), folder: folder.path)
      #expect(run.output + run.errors == example.output, "\(example.command)")
    }
  }

  /// A link to a file of the repository leads somewhere.
  @Test func linksLeadSomewhere() throws {
    let docs = packageRoot.appendingPathComponent("docs")
    let names = try FileManager.default.contentsOfDirectory(atPath: docs.path)
    let pages = ["README.md"] + names.filter { $0.hasSuffix(".md") }.map { "docs/" + $0 }
    for page in pages {
      let url = packageRoot.appendingPathComponent(page)
      let text = try String(contentsOf: url, encoding: .utf8)
      for match in text.matches(of: /\]\(([^)#]+)\)/) {
        let target = String(match.1)
        if target.hasPrefix("http") { continue }
        let path = url.deletingLastPathComponent().appendingPathComponent(target).path
        #expect(FileManager.default.fileExists(atPath: path), "\(page) links to \(target)")
      }
    }
  }
}
