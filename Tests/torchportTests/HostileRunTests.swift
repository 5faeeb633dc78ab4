import Foundation
import TPBytes
import TPCheckpoints
import TPTensors
import TestSupport
import Testing

/// Names and metadata that are made to break reports, terminals and spreadsheets
/// (fixtures/history/hostile.py).
@Suite struct HostileRunTests {
  static let hostile = fixture("history/hostile")

  @Test func breaksNoHistory() throws {
    let folder = TemporaryFolder()
    let start = ContinuousClock.now
    let run = try torchport(
      ["history", Self.hostile, "--csv", folder.file("a.csv"), "--markdown", folder.file("a.md")],
      environment: ["GITHUB_ACTIONS": "true", "COLUMNS": "80"])
    #expect(run.status == 2)
    #expect(isTame(run.output) && isTame(run.errors))
    #expect(run.output.utf8.count < 40_000)
    #expect(run.output.components(separatedBy: "\n").allSatisfy { $0.count < 1000 })
    #expect(!run.output.contains("::error") || !run.output.contains("\n::error"))
    #expect(run.output.contains("large_epoch.pth names no epoch"))
    #expect(run.output.contains("val_accuracies is no list of numbers"))

    let csv = try String(contentsOfFile: folder.file("a.csv"), encoding: .utf8)
    let rows = try #require(records(csv))
    #expect(rows.allSatisfy { $0.count == 6 })
    #expect(rows.count > 800_000)
    let names = Set(rows.map { $0[3] })
    #expect(names.contains("'=1+1.weight") && names.contains("'@c.weight"))
    #expect(names.contains("a,b\"c\".weight"))
    for name in names {
      #expect(name.first.map { !"=+-@".contains($0) } ?? true, "\(name)")
      #expect(isTame(name) && !name.contains("\n"))
    }
    let markdown = try String(contentsOfFile: folder.file("a.md"), encoding: .utf8)
    #expect(isTame(markdown) && !markdown.contains("<") && !markdown.contains("`"))
    #expect(start.duration(to: .now) < .seconds(60))
  }

  @Test func isWholeAsJSON() throws {
    // A list of 800,000 values would take the tests' own reader of schemas minutes.
    let paths = try FileManager.default.contentsOfDirectory(atPath: Self.hostile)
      .filter { $0 != "many_values.pth" }.map { Self.hostile + "/" + $0 }
    let run = try torchport(["history"] + paths + ["--json"])
    let json = try #require(run.json)
    let files = try #require(json["files"]?.array)
    #expect(files.first?["epoch"] == .int(Int.min))
    #expect(files.contains { $0["epoch"] == .int(Int.max) })
    #expect(files.suffix(2).map { $0["epoch"] } == [.null, .null])
    #expect(json["failures"]?.array?.count == 2)
    let names = Set(
      (json["steps"]?.array ?? []).flatMap { $0["tensors"]?.array ?? [] }.map {
        $0["name"]?.string ?? ""
      })
    #expect(names.contains("<script>alert(1)</script>.weight"))
    #expect(names.contains("\u{1b}[31mred\u{1b}]0;title\u{7}.weight"))
    #expect(try JSONSchema.documented().findings(json, file: "history.json") == [])
  }

  @Test func breaksNoAudit() throws {
    let folder = TemporaryFolder()
    let start = ContinuousClock.now
    let run = try torchport(
      ["audit", Self.hostile, "--markdown", folder.file("a.md")],
      environment: ["GITHUB_ACTIONS": "true"])
    #expect(run.status == 2)
    #expect(isTame(run.output) && isTame(run.errors))
    #expect(run.output.utf8.count < 40_000)
    let commands = run.errors.components(separatedBy: "\n").filter { $0.hasPrefix("::") }
    #expect(!commands.isEmpty && commands.allSatisfy { $0.hasPrefix("::error title=torchport") })
    let markdown = try String(contentsOfFile: folder.file("a.md"), encoding: .utf8)
    #expect(isTame(markdown) && !markdown.contains("<") && !markdown.contains("`"))
    let json = try #require(try torchport("audit", Self.hostile, "--json").json)
    #expect(try JSONSchema.documented().findings(json, file: "audit.json") == [])
    #expect(start.duration(to: .now) < .seconds(60))
  }

  /// Every two that follow each other, in every form of the report.
  @Test func breaksNoDiff() throws {
    let folder = TemporaryFolder()
    let schemas = try JSONSchema.documented()
    let paths = try FileManager.default.contentsOfDirectory(atPath: Self.hostile).sorted()
      .map { Self.hostile + "/" + $0 }
    let start = ContinuousClock.now
    var statuses: Set<Int32> = []
    for (place, path) in paths.enumerated() {
      let (page, markdown) = (folder.file("\(place).html"), folder.file("\(place).md"))
      let pair = [path, paths[(place + 1) % paths.count]]
      let run = try torchport(
        ["diff"] + pair + ["--html", page, "--markdown", markdown],
        environment: ["GITHUB_ACTIONS": "true", "COLUMNS": "80"])
      statuses.insert(run.status)
      #expect(isTame(run.output) && isTame(run.errors), "\(pair)")
      #expect(run.output.utf8.count < 60_000)
      #expect(run.output.components(separatedBy: "\n").allSatisfy { $0.count < 1000 })
      guard run.status < 2 else { continue }
      let document = try PageDocument(page)
      document.check()
      #expect(document.text.utf8.count < 2_000_000, "\(pair)")
      let text = try String(contentsOfFile: markdown, encoding: .utf8)
      #expect(isTame(text) && !text.contains("<") && text.utf8.count < 200_000, "\(pair)")
      // A list of 800,000 values would take the tests' own reader of schemas minutes.
      if pair.contains(where: { $0.hasSuffix("many_values.pth") }) { continue }
      let json = try #require(try torchport(["diff"] + pair + ["--json"]).json)
      #expect(schemas.findings(json, file: "diff.json") == [])
    }
    #expect(statuses.contains(1))
    #expect(start.duration(to: .now) < .seconds(120))
  }

  /// Losses at the ends of what a double holds, for which an axis has to be found.
  @Test(arguments: [Double.leastNonzeroMagnitude, 1.7e308, -1.7e308])
  func drawsAnyLoss(loss: Double) throws {
    let folder = TemporaryFolder()
    for epoch in 1...2 {
      var tree = MetadataTree()
      let model = tree.add(.none)
      let values = (0..<epoch).map { _ in tree.add(.float(loss)) }
      let losses = tree.add(.list(values))
      let entries = [
        MetadataTree.Entry(key: tree.add(.string("model_state_dict")), value: model),
        .init(key: tree.add(.string("epoch")), value: tree.add(.int(epoch))),
        .init(key: tree.add(.string("train_losses")), value: losses),
        .init(key: tree.add(.string("val_losses")), value: losses),
      ]
      tree.root = tree.add(.dict(entries))
      let weights = try StateDict([
        (name: "w", tensor: Tensor(floats: [Float(epoch)], shape: Shape(known: [1])))
      ])
      var file = WeightFile(tensors: weights, facts: [:], digests: [:])
      file.kept = KeptParts(tree: tree, model: model, names: [])
      try CheckpointFile.write(
        file, format: .torch, to: folder.file("\(epoch).pth"), replacing: false)
    }
    let page = folder.file("history.html")
    let run = try torchport("history", folder.path, "--html", page)
    #expect(run.status == 0, "\(run.errors)")
    try PageDocument(page).check()
  }

  /// Texts of 10 MB and a million keys, in a file that is as large.
  @Test func readsWhatIsLarge() throws {
    let folder = TemporaryFolder()
    for epoch in 1...2 {
      var tree = MetadataTree()
      let model = tree.add(.none)
      let long = tree.add(.string(String(repeating: "<x>\u{1b}", count: 2_500_000)))
      let nothing = tree.add(.none)
      let many = (0..<1_000_000).map {
        MetadataTree.Entry(key: tree.add(.int($0)), value: nothing)
      }
      var entries = [
        MetadataTree.Entry(key: tree.add(.string("model_state_dict")), value: model),
        .init(key: tree.add(.string("epoch")), value: tree.add(.int(epoch))),
        .init(key: long, value: long),
        .init(
          key: tree.add(.string("class_to_idx")),
          value: tree.add(.dict([.init(key: long, value: tree.add(.int(epoch - 1)))]))),
        .init(key: tree.add(.string("many")), value: tree.add(.dict(many))),
      ]
      entries.append(
        .init(key: tree.add(.string("val_accuracies")), value: tree.add(.dict(many))))
      tree.root = tree.add(.dict(entries))
      let weights = try StateDict([
        (name: "w", tensor: Tensor(floats: [Float(epoch)], shape: Shape(known: [1])))
      ])
      var file = WeightFile(tensors: weights, facts: [:], digests: [:])
      file.kept = KeptParts(tree: tree, model: model, names: [])
      try CheckpointFile.write(
        file, format: .torch, to: folder.file("\(epoch).pth"), replacing: false)
    }
    let start = ContinuousClock.now
    let history = try torchport("history", folder.path)
    #expect(history.status == 0, "\(history.errors.prefix(2000))")
    #expect(history.output.contains("2 checkpoints of epochs 1 to 2"))
    #expect(isTame(history.output) && history.output.utf8.count < 10_000)
    let audit = try torchport("audit", folder.path)
    #expect(audit.status == 1, "\(audit.errors.prefix(2000))")
    #expect(isTame(audit.output) && audit.output.utf8.count < 20_000)
    let page = folder.file("diff.html")
    let diff = try torchport("diff", folder.file("1.pth"), folder.file("2.pth"), "--html", page)
    #expect(diff.status == 1, "\(diff.errors.prefix(2000))")
    #expect(isTame(diff.output) && diff.output.utf8.count < 20_000)
    let document = try PageDocument(page)
    document.check()
    #expect(document.text.utf8.count < 200_000)
    #expect(start.duration(to: .now) < .seconds(120))
  }

  /// A signal while files are read leaves nothing of the reports that were asked for. SIGTERM, not
  /// SIGINT: a shell may have its jobs ignore that.
  @Test(arguments: ["history", "audit"]) func interruptedLeavesNothing(command: String) throws {
    let folder = TemporaryFolder()
    let inputs = folder.file("inputs")
    try FileManager.default.createDirectory(atPath: inputs, withIntermediateDirectories: false)
    // 8 GiB of zeros take no room, and time to hash.
    let large = inputs + "/large.safetensors"
    var header =
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2147483648],\"data_offsets\":[0,8589934592]}}"
    while header.utf8.count % 8 != 0 { header += " " }
    let start = [UInt8(header.utf8.count)] + [UInt8](repeating: 0, count: 7) + Array(header.utf8)
    try Data(start).write(to: URL(fileURLWithPath: large))
    let handle = try #require(FileHandle(forWritingAtPath: large))
    try handle.truncate(atOffset: UInt64(start.count) + 8_589_934_592)
    try handle.close()
    let process = Process()
    process.executableURL = commandURL
    process.arguments =
      [command, inputs, "--markdown", folder.file("a.md")]
      + (command == "audit"
        ? ["--write-manifest", folder.file("sums")] : ["--csv", folder.file("a.csv")])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    // Threads of a test may block signals, and a process inherits that.
    var (none, blocked) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &blocked)
    try process.run()
    pthread_sigmask(SIG_SETMASK, &blocked, nil)
    Thread.sleep(forTimeInterval: 0.3)
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(process.terminationStatus == SIGTERM)
    #expect(folder.names == ["inputs"])
  }
}
