import Foundation
import TPBytes
import TestSupport
import Testing

/// `torchport audit` on a small run as it is, and with one fault each (fixtures/audit/make.py).
@Suite struct AuditTests {
  static let run = fixture("history/run")
  let schema: JSONSchema

  init() throws { schema = try JSONSchema.documented() }

  /// A copy of the run.
  private func copy() throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: Self.run) {
      try FileManager.default.copyItem(
        atPath: Self.run + "/" + name, toPath: folder.file(name))
    }
    return folder
  }

  private func replace(_ name: String, in folder: TemporaryFolder, by source: String) throws {
    try? FileManager.default.removeItem(atPath: folder.file(name))
    try FileManager.default.copyItem(atPath: source, toPath: folder.file(name))
  }

  private func failed(_ json: JSONValue?) -> [String] {
    (json?["checks"]?.array ?? []).filter {
      $0["status"]?.string != "ok" && $0["status"]?.string != "not_applicable"
    }.compactMap { $0["check"]?.string }
  }

  private func evidence(_ json: JSONValue?, _ check: String) -> String {
    json?["checks"]?.array?.first { $0["check"]?.string == check }?["evidence"]?.string ?? ""
  }

  @Test func findsNothingInARunAsItIs() throws {
    let run = try torchport("audit", Self.run, "--json")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let json = try #require(run.json)
    #expect(schema.findings(json, file: "audit.json") == [])
    #expect(json["counts"]?["ok"] == 14)
    #expect(json["counts"]?["not_applicable"] == 0)
    #expect(
      evidence(json, "best_file")
        == "best_tiny_model.pth is epoch 11, the weights of checkpoint_epoch_11.pth; 76.67 % is the"
        + " best validation accuracy")
    #expect(evidence(json, "optimizer") == "24 steps in each epoch, in 12 files")
    #expect(evidence(json, "epochs") == "all 11 epochs that the rule saves are there")
  }

  /// Three files of a run of thirty epochs, without and with the rule by which it saved.
  @Test func findsOnlyWhatIsMissingInAPartOfARun() throws {
    let run = try torchport(
      "audit", fixture("run"), "--every", "0", "--improvement", "inf", "--json")
    #expect(run.status == 0, "\(run.output)")
    let part = try torchport("audit", fixture("run"), "--json")
    #expect(part.status == 1)
    #expect(failed(part.json) == ["epochs"])
    #expect(evidence(part.json, "epochs").contains("epoch 1 is missing"))
    #expect(part.json?["passed_over"]?.array?.count == 1)
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    var name: String
    var failed: [String]
    var words: String
    var status: Int32 = 1
    /// The file that is replaced, by what; `nil` removes it.
    var target: String
    var source: String?
    var testDescription: String { name }
  }

  static let faults: [Fault] = [
    Fault(
      name: "best file of another epoch", failed: ["best_file"],
      words: "best_tiny_model.pth is epoch 5 with a validation accuracy of 61.6",
      target: "best_tiny_model.pth", source: "history/run/checkpoint_epoch_5.pth"),
    Fault(
      name: "best file with weights of another epoch", failed: ["best_file", "batch_counters"],
      words: "says epoch 11 and has other weights than checkpoint_epoch_11.pth",
      target: "best_tiny_model.pth", source: "audit/swapped_weights_epoch_11.pth"),
    Fault(
      name: "class order", failed: ["classes"],
      words: "checkpoint_epoch_4.pth has doctor, my_mouth_is_dry, i_need_to_move, pillow where",
      target: "checkpoint_epoch_4.pth", source: "audit/class_order_epoch_4.pth"),
    Fault(
      name: "missing epoch", failed: ["epochs"],
      words: "epoch 5 is missing: every 5 epochs one is saved",
      target: "checkpoint_epoch_5.pth", source: nil),
    Fault(
      name: "missing improvement", failed: ["epochs"],
      words: "epoch 7 is missing: the validation accuracy grew by 5.0 points",
      target: "checkpoint_epoch_7.pth", source: nil),
    Fault(
      name: "duplicate", failed: ["duplicates"],
      words: "checkpoint_epoch_6.pth and other.pth hold the same weights",
      target: "other.pth", source: "history/run/checkpoint_epoch_6.pth"),
    Fault(
      name: "duplicate as another epoch", failed: ["duplicates", "names"],
      words: "checkpoint_epoch_9.pth is of epoch 6",
      target: "checkpoint_epoch_9.pth", source: "history/run/checkpoint_epoch_6.pth"),
    Fault(
      name: "edited history", failed: ["histories"],
      words: "checkpoint_epoch_10.pth has 70.0 as value 4 of val_accuracies where",
      target: "checkpoint_epoch_10.pth", source: "audit/edited_history_epoch_10.pth"),
    Fault(
      name: "edited best accuracy", failed: ["best_accuracy"],
      words: "checkpoint_epoch_20.pth says 81.65 and the greatest of its validation accuracies is",
      target: "checkpoint_epoch_20.pth", source: "audit/edited_best_epoch_20.pth"),
    Fault(
      name: "NaN", failed: ["finite"],
      words: "checkpoint_epoch_7.pth: model_state_dict.fc1.weight has 1 NaN and 0 infinite",
      target: "checkpoint_epoch_7.pth", source: "audit/nan_epoch_7.pth"),
    Fault(
      name: "optimizer of another epoch", failed: ["optimizer", "batch_counters"],
      words: "the optimizer of checkpoint_epoch_15.pth has done 240 steps in 15 epochs where the"
        + " others do 24 in each",
      target: "checkpoint_epoch_15.pth", source: "audit/optimizer_epoch_15.pth"),
    Fault(
      name: "counter", failed: ["batch_counters"],
      words: "bn3d1.num_batches_tracked is 144 and bn3d2.num_batches_tracked is 145",
      target: "checkpoint_epoch_6.pth", source: "audit/counter_epoch_6.pth"),
    Fault(
      name: "architecture", failed: ["architecture", "parameters"],
      words: "checkpoint_epoch_5.pth has 1246 trainable numbers where the others have 1251",
      target: "checkpoint_epoch_5.pth", source: "audit/shape_epoch_5.pth"),
  ]

  @Test(arguments: faults) func findsAFault(_ fault: Fault) throws {
    let folder = try copy()
    if let source = fault.source {
      try replace(fault.target, in: folder, by: fixture(source))
    } else {
      try FileManager.default.removeItem(atPath: folder.file(fault.target))
    }
    let run = try torchport("audit", folder.path, "--json")
    #expect(run.status == fault.status, "\(run.errors)")
    #expect(failed(run.json) == fault.failed)
    let all = fault.failed.map { evidence(run.json, $0) }.joined(separator: "\n")
    #expect(all.contains(fault.words), "\(all)")
    #expect(schema.findings(run.json ?? .null, file: "audit.json") == [])
    let text = try torchport(["audit", folder.path], environment: ["GITHUB_ACTIONS": "true"])
    #expect(text.output.contains("FAILED"))
    let lines = text.errors.components(separatedBy: "\n").filter { $0.hasPrefix("::error title=") }
    #expect(lines.count == fault.failed.count)
  }

  @Test func findsATruncatedFile() throws {
    let folder = try copy()
    let url = URL(fileURLWithPath: folder.file("checkpoint_epoch_7.pth"))
    try Data(contentsOf: url).prefix(20_000).write(to: url)
    let run = try torchport("audit", folder.path, "--json")
    #expect(run.status == 2)
    #expect(failed(run.json) == ["opens"])
    #expect(evidence(run.json, "opens").hasPrefix("checkpoint_epoch_7.pth: has 20000 of at least"))
  }

  @Test func findsAFlippedBit() throws {
    let folder = try copy()
    let url = URL(fileURLWithPath: folder.file("checkpoint_epoch_3.pth"))
    var data = try Data(contentsOf: url)
    let head = try #require(data.range(of: Data("checkpoint_epoch_3/data/7".utf8)))
    data[head.upperBound + 400] ^= 1
    try data.write(to: url)
    let run = try torchport("audit", folder.path, "--json")
    #expect(run.status == 1)
    #expect(failed(run.json) == ["checksums"])
  }

  @Test func manifests() throws {
    let folder = try copy()
    let manifest = folder.file("SHA256SUMS")
    try Data("a log".utf8).write(to: URL(fileURLWithPath: folder.file("log\\1\n.txt")))
    let written = try torchport("audit", folder.path, "--write-manifest", manifest)
    #expect(written.status == 0, "\(written.errors)")
    let text = try String(contentsOfFile: manifest, encoding: .utf8)
    #expect(text.contains("  log\\\\1\\n.txt\n"))
    #expect(text.contains("# 5 bytes\n\\"))
    let held = try torchport("audit", folder.path, "--check-manifest", manifest, "--json")
    #expect(held.status == 0, "\(held.output)")
    #expect(evidence(held.json, "manifest").hasPrefix("13 files with "))
    #expect(schema.findings(held.json ?? .null, file: "audit.json") == [])

    try Data("a lie".utf8).write(to: URL(fileURLWithPath: folder.file("log\\1\n.txt")))
    let changed = try torchport("audit", folder.path, "--check-manifest", manifest, "--json")
    #expect(changed.status == 1 && failed(changed.json) == ["manifest"])
    #expect(evidence(changed.json, "manifest").hasPrefix("log\\1\\u{a}.txt has the SHA-256 "))

    try Data("a long lie".utf8).write(to: URL(fileURLWithPath: folder.file("log\\1\n.txt")))
    try replace("new.pth", in: folder, by: fixture("audit/nan_epoch_7.pth"))
    let more = try torchport("audit", folder.path, "--check-manifest", manifest, "--json")
    #expect(evidence(more.json, "manifest").contains("has 10 bytes, the manifest says 5"))
    #expect(evidence(more.json, "manifest").contains("new.pth is not in the manifest"))
    let again = try torchport("audit", folder.path, "--write-manifest", manifest)
    #expect(again.status == 2 && again.errors.contains("exists already"))
    let bad = folder.file("bad.txt")
    try Data("# a comment\nno digest here\n".utf8).write(to: URL(fileURLWithPath: bad))
    let refused = try torchport("audit", folder.path, "--check-manifest", bad)
    #expect(refused.status == 2 && refused.errors.contains("line 2 is not 64 hex digits"))
  }

  @Test func holdsASummary() throws {
    let folder = TemporaryFolder()
    func expect(_ text: String) throws -> Run {
      let path = folder.file("summary.json")
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      return try torchport("audit", Self.run, "--expect", path, "--json")
    }
    let good = try expect(
      """
      {"files": 12, "parameters": 1251, "epochs": 20, "best_accuracy": 76.67, "best_epoch": 11,
       "classes": ["doctor", "i_need_to_move", "my_mouth_is_dry", "pillow"],
       "final_train_accuracy": 76.04, "final_validation_accuracy": 75}
      """)
    #expect(good.status == 0, "\(good.output)")
    #expect(evidence(good.json, "expectation") == "all 8 figures are as expected")
    let bad = try expect("{\"files\": 29, \"best_accuracy\": 81.65, \"architecture\": \"X\"}")
    #expect(bad.status == 1 && failed(bad.json) == ["expectation"])
    let text = evidence(bad.json, "expectation")
    #expect(text.contains("the number of files is 12, expected 29"))
    #expect(text.contains("expected 81.65"))
    #expect(text.contains("the architecture is not known, expected X"))
    let unknown = try expect("{\"file\": 29}")
    #expect(unknown.status == 2 && unknown.errors.contains("no figure has the name file"))
    #expect(try expect("{\"files\": \"29\"}").errors.contains("files is not an integer"))
    #expect(try expect("[1]").status == 2)
    #expect(try expect("{}").status == 2)
  }

  @Test func countsDatasets() throws {
    let folder = TemporaryFolder()
    func write(_ name: String, _ text: String) throws -> String {
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
      return folder.file(name)
    }
    let train = try write(
      "train.csv",
      "path,class\n" + "a,doctor\nb,doctor\nc,doctor\nd,pillow\ne,pillow\n"
        + "f,i_need_to_move\ng,i_need_to_move\nh,my_mouth_is_dry\ni,my_mouth_is_dry\n")
    let good = try torchport("audit", Self.run, "--json", "--manifest", train)
    #expect(good.status == 0, "\(good.output)")
    #expect(good.json?["datasets"]?.array?.first?["balance"] == .double(1.5))
    #expect(good.json?["datasets"]?.array?.first?["rows"] == 9)
    #expect(evidence(good.json, "datasets").contains("9 lines, doctor 3, "))
    #expect(evidence(good.json, "datasets").hasSuffix("largest over smallest 1.5"))
    #expect(schema.findings(good.json ?? .null, file: "audit.json") == [])
    let other = try write("val.csv", "path,kind\na,nurse\n")
    let missing = try torchport("audit", Self.run, "--json", "--manifest", train, other)
    #expect(missing.status == 2 && failed(missing.json) == ["datasets"])
    let named = try torchport(
      "audit", Self.run, "--json", "--manifest", other, "--class-column", "kind")
    #expect(named.status == 1)
    #expect(evidence(named.json, "datasets").contains("nurse is no class of the checkpoints"))
  }

  /// A chart that has no room for every class says how many there are.
  @Test func drawsTheFirstOfManyClasses() throws {
    let folder = TemporaryFolder()
    let lines = (0..<70).map { "\($0),class\($0)\n" }.joined()
    let file = try folder.save("many.csv", Array("path,class\n\(lines)".utf8))
    let page = folder.file("audit.html")
    let run = try torchport("audit", Self.run, "--manifest", file, "--html", page)
    #expect(run.status == 1)
    #expect(try PageDocument(page).text.contains("The first 60 of 70 rows."))
  }

  @Test func nothingToCheck() throws {
    let folder = TemporaryFolder()
    try Data("a".utf8).write(to: URL(fileURLWithPath: folder.file("README")))
    #expect(try torchport("audit", folder.path).status == 3)
    #expect(try torchport("audit", folder.file("missing")).status == 2)
    #expect(try torchport("audit", Self.run, "--every", "-1").status == 64)
  }

  /// A run of thirty epochs that was made again with fixtures/train.py, where TORCHPORT_RUN names it.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["TORCHPORT_RUN"] != nil))
  func findsNothingInAWholeRun() throws {
    let path = try #require(ProcessInfo.processInfo.environment["TORCHPORT_RUN"])
    let run = try torchport("audit", path, "--json")
    #expect(run.status == 0, "\(run.output)")
    #expect(run.json?["counts"]?["ok"] == 14)
    let history = try torchport("history", path, "--json")
    #expect(history.status == 0 && history.json?["failures"] == [])
  }
}
