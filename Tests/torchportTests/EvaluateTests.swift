import Foundation
import TPBytes
import TestSupport
import Testing

/// `evaluate` through the command; what torch, scikit-learn and statsmodels say of the same files is in
/// fixtures/evaluation/expected.json.
@Suite struct EvaluateTests {
  let folder = TemporaryFolder()
  let schemas: JSONSchema
  static let frames = fixture("networks/FramesGRU.pth")
  static let network = ["--architecture", fixture("networks/FramesGRU.json")]
  static let expected: JSONValue = {
    let text = try? String(
      contentsOfFile: fixture("evaluation/expected.json"), encoding: .utf8)
    return text.flatMap { try? JSONValue(parsing: $0) } ?? .null
  }()

  init() throws { schemas = try JSONSchema.documented() }

  private static func dataset(_ name: String) -> String { fixture("evaluation/" + name) }

  private static func evaluate(
    _ weights: String, _ dataset: String, _ more: String..., environment: [String: String] = [:]
  ) throws -> Run {
    try torchport(
      ["evaluate", weights, Self.dataset(dataset)] + network + more, environment: environment)
  }

  /// Our logits differ from PyTorch's by less than 1e-5, and so do the figures made of them.
  private func check(_ result: JSONValue?, _ expected: JSONValue?) throws {
    let (result, expected) = (try #require(result), try #require(expected))
    for key in ["cross_entropy", "expected_calibration_error"] {
      let (ours, theirs) = (try #require(result[key]?.double), try #require(expected[key]?.double))
      #expect(abs(ours - theirs) < 1e-5, "\(key)")
    }
    #expect(result["confusion"] == expected["confusion"])
    func same(_ ours: JSONValue?, _ theirs: JSONValue?) {
      guard let theirs, theirs != .null else {
        #expect(ours?["of"] == 0)
        #expect(ours?["share"] == .null)
        #expect(ours?["low"] == .null)
        return
      }
      #expect(ours?["count"] == theirs["count"])
      #expect(ours?["of"] == theirs["of"])
      for key in ["share", "low", "high"] {
        let (a, b) = (ours?[key]?.double ?? -1, theirs[key]?.double ?? 0)
        #expect(abs(a - b) < 1e-12, "\(key)")
      }
    }
    same(result["accuracy"], expected["accuracy"])
    let classes = try #require(result["per_class"]?.array)
    for (index, row) in classes.enumerated() {
      same(row["recall"], expected["recall"]?.array?[index])
      same(row["precision"], expected["precision"]?.array?[index])
    }
    for (ours, theirs) in zip(
      result["calibration"]?.array ?? [], expected["bins"]?.array ?? [])
    {
      #expect(ours["clips"] == theirs["clips"])
      #expect(ours["right"] == theirs["right"])
    }
  }

  @Test(
    arguments: [
      ("frames.npz", [], "frames"), ("frames.h5", [], "frames"),
      ("frames.h5", ["--labels", "fixed"], "frames"), ("frames.pt", [], "frames"),
      ("frames.csv", [], "frames"), ("numbers.csv", [], "twelve"),
      ("twelve.npz", ["--labels", "y"], "twelve"),
    ] as [(String, [String], String)])
  func everyFormat(file: String, options: [String], name: String) throws {
    let run = try torchport(
      ["evaluate", Self.frames, Self.dataset(file), "--json"] + Self.network + options)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors == "")
    let json = try #require(run.json)
    #expect(schemas.findings(json, file: "evaluate.json") == [])
    let expected = try #require(Self.expected[name])
    try check(json["result"], expected)
    #expect(json["dataset"]?["clips_digest"] == expected["digests"]?["clips"])
    #expect(json["dataset"]?["labels_digest"] == expected["digests"]?["labels"])
    #expect(json["weights"]?["digest"] == Self.expected["model"]?["frames"])
    let predictions = try #require(json["predictions"]?.array)
    #expect(
      predictions.map { $0["predicted"] ?? .null } == expected["predicted"]?.array)
    for (prediction, loss) in zip(predictions, expected["loss"]?.array ?? []) {
      #expect(abs((prediction["loss"]?.double ?? -1) - (loss.double ?? 0)) < 1e-5)
    }
  }

  @Test func theTrainedNetworkOnItsValidationClips() throws {
    let run = try torchport(
      "evaluate", fixture("run/best_lightweight_model.pth"), fixture("validation.npz"), "--json")
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(run.json)
    try check(json["result"], Self.expected["validation"])
    #expect(schemas.findings(json, file: "evaluate.json") == [])
    let recorded = try #require(json["recorded"]?.array)
    #expect(recorded.map { $0["set"] } == ["validation", "training"])
    #expect(recorded.map { $0["unit"] } == ["percent", "percent"])
    #expect(recorded.first?["gap"]?.double == 0)
  }

  @Test func theTextNamesClassesAndWhatIsWrong() throws {
    let run = try Self.evaluate(Self.dataset("other.pth"), "frames.npz")
    #expect(run.status == 0)
    let counts = try #require(Self.expected["other"]?["accuracy"]?["count"]?.int)
    #expect(run.output.contains(": \(counts) of 48 clips right, "))
    #expect(
      run.output.contains("recorded validation accuracy 62.50 % (val_acc, a fraction): here "))
    #expect(
      run.output.contains("recorded training accuracy 75.00 % (train_acc, a fraction): here "))
    let lines = run.output.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("  confusion      0  1  2") }, "\(run.output)")
    #expect(lines.dropFirst().allSatisfy { $0.count <= 120 })
  }

  @Test func whatIsNoNumberIsToldAndCountsAsWrong() throws {
    let run = try Self.evaluate(Self.dataset("nan.pth"), "frames.npz", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(run.json)
    #expect(schemas.findings(json, file: "evaluate.json") == [])
    #expect(json["result"]?["without_prediction"] == 48)
    #expect(json["result"]?["accuracy"]?["count"] == 0)
    #expect(json["result"]?["cross_entropy"] == "NaN")
    #expect(json["predictions"]?.array?.first?["predicted"] == .null)
    let text = try Self.evaluate(Self.dataset("nan.pth"), "frames.npz")
    #expect(text.output.contains("48 clips without a prediction"))
    #expect(text.output.contains("none"))
  }

  @Test func anEarlierRunIsExpected() throws {
    let results = folder.file("results.json")
    let first = try Self.evaluate(Self.frames, "frames.npz", "--json")
    try first.output.write(toFile: results, atomically: true, encoding: .utf8)

    // The same clips in another file, and the same weights.
    let same = try Self.evaluate(Self.frames, "frames.h5", "--expect", results)
    #expect(same.status == 0, "\(same.errors)")
    #expect(same.output.hasSuffix("\n  all 48 predictions are those of \(results)\n"))
    #expect(!same.output.contains("confusion"))
    #expect(
      try Self.evaluate(Self.frames, "frames.h5", "--expect", results, "--verbose").output
        .contains("confusion"))

    let other = try Self.evaluate(
      Self.dataset("other.pth"), "frames.npz", "--expect", results, "--json",
      environment: ["GITHUB_ACTIONS": "true"])
    #expect(other.status == 1)
    let json = try #require(other.json)
    #expect(schemas.findings(json, file: "evaluate.json") == [])
    let found = try #require(json["expectation"])
    #expect(found["same_clips"] == true)
    #expect(found["same_weights"] == false)
    #expect(found["compared"] == 48)
    #expect(found["right_before"] == Self.expected["frames"]?["accuracy"]?["count"])
    #expect(found["right_now"] == Self.expected["other"]?["accuracy"]?["count"])
    let differing = try #require(found["differing"]?.array)
    #expect(differing.map { $0["clip"] } == Self.expected["pair"]?["differing"]?.array)
    let clip = try #require(differing.first?["clip"]?.int)
    #expect(differing.first?["expected"] == Self.expected["frames"]?["predicted"]?.array?[clip])
    #expect(differing.first?["found"] == Self.expected["other"]?["predicted"]?.array?[clip])
    let notes = other.errors.split(separator: "\n").filter { $0.hasPrefix("::error") }
    #expect(notes.count == 1)
    #expect(notes.first?.contains("made with other weights") == true)
    let text = try Self.evaluate(Self.dataset("other.pth"), "frames.npz", "--expect", results)
    #expect(text.status == 1)
    #expect(
      text.output.contains("  NOT AS EXPECTED: \(differing.count) of 48 predictions are not that"))
    #expect(text.output.contains("    clip \(clip): expected "))
    #expect(text.errors == "")
  }

  @Test func anotherDatasetDecidesNothing() throws {
    let results = folder.file("results.json")
    let first = try Self.evaluate(Self.frames, "frames.npz", "--json")
    try first.output.write(toFile: results, atomically: true, encoding: .utf8)
    let run = try Self.evaluate(
      Self.frames, "twelve.npz", "--labels", "y", "--expect", results, "--json")
    #expect(run.status == 3)
    #expect(run.json?["expectation"]?["compared"] == 0)
    #expect(run.json?["expectation"]?["same_clips"] == false)
    let text = try Self.evaluate(
      Self.frames, "twelve.npz", "--labels", "y", "--expect", results)
    #expect(text.status == 3)
    #expect(
      text.output.contains(
        "nothing could be compared with \(results), which was made on another dataset"))

    // The same clips, one label changed.
    let list = folder.file("list.csv")
    // A CR and an LF are one character to Swift; a manifest may have LF alone.
    var manifest = try String(contentsOfFile: Self.dataset("frames.csv"), encoding: .utf8)
      .replacingOccurrences(of: "\r\n", with: "\n")
      .replacingOccurrences(of: "frames/", with: Self.dataset("frames") + "/")
    let place = try #require(manifest.range(of: "\na,,"))
    manifest.replaceSubrange(place, with: "\nb,,")
    try manifest.write(toFile: list, atomically: true, encoding: .utf8)
    let relabelled = try torchport(
      ["evaluate", Self.frames, list, "--expect", results] + Self.network)
    #expect(relabelled.status == 3, "\(relabelled.errors)")
    #expect(relabelled.output.contains("made on the same clips with other labels"))
  }

  @Test(
    arguments: [
      ("{}", "is not what `evaluate --json` printed of evaluated weights"),
      ("{\"command\": \"evaluate\", \"error\": {}}", "is not what `evaluate --json` printed"),
      ("[1", "results.json: "),
    ]) func whatWasNoResultIsRefused(text: String, words: String) throws
  {
    let results = folder.file("results.json")
    try text.write(toFile: results, atomically: true, encoding: .utf8)
    let run = try Self.evaluate(Self.frames, "frames.npz", "--expect", results)
    #expect(run.status == 2)
    #expect(run.errors.contains(words), "\(run.errors)")
    #expect(run.errors.contains("results.json"))
  }

  @Test func twoWeightFilesAreCompared() throws {
    let other = Self.dataset("other.pth")
    let run = try Self.evaluate(Self.frames, "frames.npz", "--compare", other, "--json")
    #expect(run.status == 1)
    let json = try #require(run.json)
    #expect(schemas.findings(json, file: "evaluate.json") == [])
    let (found, expected) = (try #require(json["comparison"]), try #require(Self.expected["pair"]))
    try check(json["result"], Self.expected["frames"])
    try check(found["result"], Self.expected["other"])
    for key in ["both_right", "only_first_right", "only_second_right", "both_wrong"] {
      #expect(found[key] == expected[key], "\(key)")
    }
    #expect(found["mcnemar"]?["method"] == expected["test"]?["method"])
    let p = try #require(found["mcnemar"]?["p"]?.double)
    #expect(abs(p - (expected["test"]?["p"]?.double ?? 0)) < 1e-12)
    #expect(found["differing"]?.array?.map { $0["clip"] } == expected["differing"]?.array)
    #expect(found["weights"]?["digest"] == Self.expected["model"]?["other"])
    let text = try Self.evaluate(Self.frames, "frames.npz", "--compare", other)
    #expect(text.output.contains("McNemar's test (exact binomial, two-sided): p = "))
    #expect(text.output.contains("another class is predicted for "))
    // As diff ends where nothing differs.
    let same = try Self.evaluate(
      Self.frames, "frames.npz", "--compare", Self.dataset("permuted.pth"))
    #expect(same.status == 0, "\(same.errors)")
    #expect(same.output.contains("the same class is predicted for every clip"))
  }

  @Test func weightsOfOtherClassesAreNotCompared() throws {
    let run = try torchport(
      "evaluate", fixture("run/best_lightweight_model.pth"), fixture("validation.npz"),
      "--compare", Self.frames, "--architecture", fixture("networks/FramesGRU.json"))
    #expect(run.status == 2)
    let both = try Self.evaluate(
      Self.frames, "frames.npz", "--compare", "x", "--expect", "y")
    #expect(both.status == 64)
    #expect(both.errors.contains("Give --expect or --compare"))
  }

  @Test func markdownGoesToAFileAndToTheSummary() throws {
    let (file, summary) = (folder.file("report.md"), folder.file("summary.md"))
    let run = try Self.evaluate(
      Self.frames, "frames.npz", "--compare", Self.dataset("other.pth"), "--markdown", file,
      environment: ["GITHUB_STEP_SUMMARY": summary])
    #expect(run.status == 1)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(try String(contentsOfFile: summary, encoding: .utf8) == text)
    #expect(text.contains("| is, taken for | a | b | c |\n"))
    #expect(text.contains("McNemar's test"))
    // A row has as many cells as its head.
    var width = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.hasPrefix("|") else {
        width = 0
        continue
      }
      let cells = line.count { $0 == "|" }
      #expect(width == 0 || cells == width, "\(line)")
      width = cells
    }
    let again = try Self.evaluate(Self.frames, "frames.npz", "--markdown", file)
    #expect(again.status == 2)
    #expect(again.errors.contains("exists already; give --force"))
    #expect(
      try Self.evaluate(Self.frames, "frames.npz", "--markdown", file, "--force").status == 0)
  }

  @Test(
    arguments: [
      (
        "bad.pt", ["--clips", "misshapen", "--labels", "labels"],
        "bad.pt: clip 2: a clip of shape (1, 8, 20) does not fit"
      ),
      (
        "bad.pt", ["--clips", "infinite", "--labels", "two"],
        "element 0 is inf, not a finite number (key infinite.1); make the clip again"
      ),
      ("bad.pt", ["--labels", "two"], "there are 3 clips and 2 labels (key two)"),
      ("twelve.npz", [], "several arrays may be its labels: y, targets; say which with --labels"),
      ("wave.npz", [], "does not fit: the model takes (1, 16, 20)"),
      ("make.py", [], "make.py: "),
    ] as [(String, [String], String)])
  func refusals(file: String, options: [String], words: String) throws {
    let run = try torchport(
      ["evaluate", Self.frames, Self.dataset(file), "--json"] + Self.network + options)
    #expect(run.status == 2)
    #expect(run.errors.contains(words), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1)
    #expect(schemas.findings(try #require(run.json), file: "evaluate.json") == [])
  }

  /// A damaged HDF5 file ends the child that reads it, not the command.
  @Test func aDamagedFileIsOneSentence() throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: Self.dataset("frames.h5")))
    for place in stride(from: 900, to: bytes.count, by: 7) { bytes[place] ^= 0x5A }
    let path = folder.file("damaged.h5")
    try bytes.write(to: URL(fileURLWithPath: path))
    let run = try torchport(["evaluate", Self.frames, path] + Self.network)
    #expect(run.status == 2)
    #expect(run.errors.hasPrefix("torchport: \(path): "))
    #expect(run.errors.split(separator: "\n").count == 1)
  }
}
