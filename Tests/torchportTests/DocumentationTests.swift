import Foundation
import TPBytes
import TestSupport
import Testing

/// What README.md, docs/ and .github/ show and say of the command is so.
///
/// With `TORCHPORT_RECORD_DOCUMENTS=1` in the environment the shown outputs are written anew.
@Suite struct DocumentationTests {
  static let pages = (try? DocumentPage.all()) ?? []
  private static let isRecording =
    ProcessInfo.processInfo.environment["TORCHPORT_RECORD_DOCUMENTS"] == "1"
  /// What an example may run besides the command: what every shell has.
  private static let tools: Set<String> = [
    "torchport", "cat", "cp", "echo", "grep", "head", "ls", "mkdir", "sed", "tail", "wc",
  ]

  /// The walk finds the pages, and the parser their examples.
  @Test func pagesAndExamplesAreFound() {
    #expect(Self.pages.count >= 30)
    #expect(Self.pages.reduce(0) { $0 + $1.examples.count } >= 80)
    for page in Self.pages {
      let fences = page.lines.filter { $0.trimmingCharacters(in: .whitespaces).hasPrefix("```") }
      #expect(fences.count == 2 * page.blocks.count, "\(page.path) has a fence that stays open")
      let blocks = page.blocks.filter { $0.language == "console" }
      #expect(
        blocks.allSatisfy { $0.lines.first?.hasPrefix("$ ") == true },
        "\(page.path) has a console block without a command")
    }
  }

  /// A line `$ command` is run, and what follows it must be its output. The commands of a page are
  /// one session of a shell, in a folder that holds nothing but `fixtures`.
  @Test(arguments: pages.filter { !$0.examples.isEmpty })
  func printsWhatIsShown(page: DocumentPage) throws {
    let examples = page.examples
    for example in examples {
      let first = example.command.split(separator: " ").first.map(String.init) ?? ""
      #expect(Self.tools.contains(first), "\(page.path): \(example.command)")
    }
    let outputs = try session(examples.map(\.command))
    try #require(outputs.count == examples.count, "\(page.path): the session ended early")
    if Self.isRecording {
      try page.showing(outputs).write(
        to: packageRoot.appendingPathComponent(page.path), atomically: true, encoding: .utf8)
    } else {
      for (example, output) in zip(examples, outputs) {
        #expect(output == example.output, "\(page.path): \(example.command)")
      }
    }
  }

  /// What each command prints, stdout and stderr as they come.
  private func session(_ commands: [String]) throws -> [String] {
    let folder = TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("fixtures"),
      withDestinationPath: packageRoot.appendingPathComponent("fixtures").path)
    let mark = "--- end of \(UUID().uuidString)"
    let script = commands.map { "\($0)\nstatus=$?; echo '\(mark)'; (exit $status)\n" }
    let process = Process()
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "exec 2>&1\n" + script.joined()]
    var environment = ProcessInfo.processInfo.environment
    for name in ["COLUMNS", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "LS_COLORS"] {
      environment[name] = nil
    }
    environment["PATH"] =
      commandURL.deletingLastPathComponent().path + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
    environment["LC_ALL"] = "C"
    process.environment = environment
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let parts = String(decoding: data, as: UTF8.self).components(separatedBy: mark + "\n")
    return Array(parts.dropLast())
  }

  /// Every command has a page, with an example, and the page has every option of the command.
  @Test func everyCommandHasAPage() throws {
    let commands = try CommandOptions().options
    #expect(commands.count >= 11)
    let shared = try #require(Self.pages.first { $0.path == "docs/command-line.md" })
    for (name, options) in commands {
      let page = try #require(
        Self.pages.first { $0.path == "docs/commands/\(name).md" }, "\(name) has no page")
      #expect(page.examples.contains { $0.command.hasPrefix("torchport \(name) ") })
      #expect(shared.links.contains("commands/\(name).md"))
      let told = Set(
        (page.inlineCode + ["-h", "--help", "--version"]).compactMap { code in
          code.firstMatch(of: /^--?[a-z][a-z-]*/).map { String($0.0) }
        })
      let untold = options.subtracting(told).filter { $0.hasPrefix("--") }
      #expect(untold.isEmpty, "\(page.path) does not tell of \(untold.sorted())")
      let unknown = told.subtracting(options)
      #expect(unknown.isEmpty, "\(name) has no \(unknown.sorted())")
    }
  }

  /// `torchport COMMAND --option` in the prose, and in blocks that are not run, names what there is.
  @Test func whatIsWrittenOfTheCommandExists() throws {
    let commands = try CommandOptions()
    let every = commands.options.values.reduce(into: Set<String>()) { $0.formUnion($1) }
    for page in Self.pages {
      let blocks = page.blocks.filter { ["sh", "yaml", ""].contains($0.language) }
      let lines = blocks.flatMap(\.lines).map { $0.trimmingCharacters(in: .whitespaces) }
      for line in page.inlineCode + lines where line.hasPrefix("torchport ") {
        let fault = commands.fault(in: line)
        #expect(fault == nil, "\(page.path): \(line): \(fault ?? "")")
      }
      for code in page.inlineCode {
        guard let match = code.firstMatch(of: /^--[a-z][a-z-]+/) else { continue }
        #expect(every.contains(String(match.0)), "\(page.path): no command has \(match.0)")
      }
    }
  }

  /// What a `sh` block says to do is done by the Makefile, by continuous integration, or is here
  /// with the reason why it is not.
  @Test func shellBlocksAreRunSomewhere() throws {
    let exceptions = [
      "export PATH=\"$PWD/.build/release:$PATH\"": "the tests do so for every example",
      "sha256sum --check": "make dist-check does so in a bare Debian",
      "apt-get install": "make dist-check does so in a bare Debian",
      "tar -xzf torchport-": "make dist-check does so in a bare Debian",
      "torchport --version": "a test of its own",
      "python3 -m venv": "evidence, made by hand: it needs PyTorch and the peers",
      "cd fixtures": "the same",
      "../.venv/bin/python evidence/": "the same",
      "docker ": "needs Docker, and the page says that it was not run",
    ]
    let make = try String(
      contentsOf: packageRoot.appendingPathComponent("Makefile"), encoding: .utf8)
    for page in Self.pages {
      for block in page.blocks where block.language == "sh" {
        for line in block.lines {
          let command = line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
          let plain = command.hasPrefix("sudo ") ? String(command.dropFirst(5)) : command
          if plain.isEmpty || exceptions.keys.contains(where: plain.hasPrefix) { continue }
          let words = plain.split(separator: " ").map(String.init)
          let isTarget =
            words.count > 1 && words[0] == "make" && make.contains("\n\(words[1]):")
          #expect(isTarget, "\(page.path): \(command)")
        }
      }
    }
  }

  /// The table of docs/security.md has the limits with their defaults.
  @Test func limitsAreAsTold() throws {
    let page = try #require(Self.pages.first { $0.path == "docs/security.md" })
    var told: [String: String] = [:]
    for line in page.prose {
      guard let row = line.firstMatch(of: /^\| `([a-z-]+)` \| ([0-9,]+) \|/) else { continue }
      told[String(row.1)] = String(row.2).replacing(",", with: "")
    }
    let limits = ReadLimits.Named.allCases.map { ($0.rawValue, "\(ReadLimits()[$0])") }
    #expect(told == Dictionary(uniqueKeysWithValues: limits))
  }

  @Test func jsonBlocksParse() throws {
    var count = 0
    for page in Self.pages {
      for block in page.blocks where block.language == "json" {
        count += 1
        #expect(throws: Never.self, "\(page.path), line \(block.start)") {
          try JSONValue(parsing: block.lines.joined(separator: "\n"))
        }
      }
    }
    #expect(count >= 3)
  }

  /// A block says what it is, so that none is left out of these tests by having no name.
  @Test func blocksHaveALanguage() {
    let known = ["console", "sh", "json", "yaml", "python", "swift", "text", "toml", "ruby"]
    for page in Self.pages {
      for block in page.blocks {
        #expect(
          known.contains(block.language), "\(page.path), line \(block.start): \(block.language)")
      }
    }
  }

  /// A link to a file of the repository, or to a heading of a page, leads somewhere.
  @Test func linksLeadSomewhere() throws {
    let pages = try Self.pages + ["CHANGELOG.md", "fixtures/README.md"].map(DocumentPage.init)
    let byPath = Dictionary(uniqueKeysWithValues: pages.map { ($0.path, $0) })
    for page in pages {
      let folder = (page.path as NSString).deletingLastPathComponent
      for link in page.links where link.firstMatch(of: /^[a-z]+:/) == nil {
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let target =
          parts[0].isEmpty
          ? page.path : NSString(string: folder + "/" + parts[0]).standardizingPath
        let path = target.hasPrefix("/") ? String(target.dropFirst()) : target
        #expect(
          FileManager.default.fileExists(
            atPath: packageRoot.appendingPathComponent(path).path), "\(page.path) links to \(link)")
        if parts.count == 2, let page = byPath[path] {
          #expect(
            page.anchors.contains(String(parts[1])), "\(path) has no heading #\(parts[1])")
        }
      }
    }
  }

  /// A page or schema that the sources, the tests, the Makefile or a script of the fixtures name is there.
  @Test func namedPagesAreThere() throws {
    let byPath = Dictionary(uniqueKeysWithValues: Self.pages.map { ($0.path, $0) })
    var files = ["Makefile"]
    for folder in ["Sources", "Tests", "fixtures"] {
      let names = FileManager.default.enumerator(atPath: packageRoot.path + "/" + folder)
      while let name = names?.nextObject() as? String {
        if [".swift", ".h", ".c", ".py", ".sh"].contains(where: name.hasSuffix) {
          files.append(folder + "/" + name)
        }
      }
    }
    var count = 0
    for file in files {
      let url = packageRoot.appendingPathComponent(file)
      let text = try String(contentsOf: url, encoding: .utf8)
      for match in text.matches(of: /docs\/([\w\/-]+\.(?:md|json))(?:#([\w-]+))?/) {
        count += 1
        let path = "docs/" + match.1
        #expect(
          FileManager.default.fileExists(atPath: packageRoot.appendingPathComponent(path).path),
          "\(file) names \(path)")
        if let anchor = match.2, let page = byPath[path] {
          #expect(page.anchors.contains(String(anchor)), "\(file) names \(match.0)")
        }
      }
    }
    #expect(count >= 30)
  }

  /// Every page can be reached from README.md.
  @Test func everyPageIsLinked() {
    let byPath = Dictionary(uniqueKeysWithValues: Self.pages.map { ($0.path, $0) })
    var open = ["README.md"]
    var seen: Set<String> = []
    while let path = open.popLast() {
      guard seen.insert(path).inserted, let page = byPath[path] else { continue }
      let folder = (path as NSString).deletingLastPathComponent
      open += page.links.map { link in
        let file = link.prefix { $0 != "#" }
        return folder.isEmpty
          ? String(file) : NSString(string: folder + "/" + file).standardizingPath
      }
    }
    let lonely = byPath.keys.filter { $0.hasPrefix("docs/") && !seen.contains($0) }
    #expect(lonely.isEmpty, "nothing leads to \(lonely.sorted())")
  }
}
