import Foundation
import TPBytes
import TestSupport
import Testing

/// Goldens that were not recorded as they should have been (fixtures/suspects/make.py), through the
/// command: the verdict, and that the reason is said first.
@Suite struct SuspectTests {
  static let best = fixture("run/best_lightweight_model.pth")

  static let cases: [(name: String, verdict: String, reason: String)] = [
    (
      "train", "golden_suspect",
      "bn3d1: the golden was recorded in train mode: the batch norm used the statistics of the batch"
    ),
    (
      "statistics", "golden_suspect",
      "bn3d1: the golden was recorded in train mode: the batch norm used the statistics of the batch"
    ),
    ("dropout", "golden_suspect", "fc1: dropout of 0.4 was active before it"),
    ("functional", "golden_suspect", "fc1: dropout of 0.4 was active before it"),
    (
      "autocast", "golden_suspect",
      "conv3d1: every recorded value is a bfloat16 number: the golden was computed in reduced"
        + " precision (autocast)"
    ),
    (
      "other", "broken",
      "the golden was recorded from other weights (content digest 45cde7d26c88be69…, these are"
        + " cd85e4e60d5858c9…): the golden's conv3d1 is the first over the line"
    ),
    ("unnamed", "broken", "the golden's conv3d1 is the first over the line"),
  ]

  @Test(arguments: cases.map(\.name)) func saysWhy(name: String) throws {
    let expected = try #require(Self.cases.first { $0.name == name })
    let run = try torchport(
      "verify", Self.best, "--golden", fixture("suspects/\(name).npz"), "--json")
    #expect(run.status == 1)
    let json = try #require(run.json)
    #expect(json["verdict"]?.string == expected.verdict)
    let reason = try #require(json["reason"]?.string)
    #expect(reason.hasPrefix(expected.reason), "\(reason)")
    let faults = json["diagnosis"]?.array?.compactMap { $0["fault"]?.string } ?? []
    #expect(!faults.isEmpty)
    if expected.verdict == "golden_suspect" {
      let ofGolden: Set = ["train_mode", "dropout_active", "reduced_precision", "unknown"]
      #expect(ofGolden.isSuperset(of: faults), "\(faults)")
    }
  }

  @Test func warnsOfWhatTheGoldenSaysItself() throws {
    let run = try torchport(
      "verify", Self.best, "--golden", fixture("suspects/autocast.npz"), "--no-diagnosis")
    #expect(run.status == 1)
    #expect(
      run.output.hasPrefix(
        "warning: the golden was recorded under autocast to bfloat16; record outside of torch.autocast"
      ))
    #expect(run.output.contains("the golden is SUSPECT"))
  }

  /// Workflow runners take `##[` for a command wherever it stands.
  @Test func namesAreNoCommands() throws {
    let folder = TemporaryFolder()
    let odd = folder.file("##[error]x.npz")
    try FileManager.default.copyItem(atPath: fixture("guide/heartbeat.npz"), toPath: odd)
    let run = try torchport(
      "verify", fixture("guide/heartbeat.pth"), "--golden", odd, "--architecture",
      fixture("guide/heartbeat.json"))
    #expect(run.status == 0)
    #expect(!run.output.contains("##[") && run.output.contains("##\\u{5b}error]x.npz"))
  }
}

/// The guide in docs/golden.md and its files.
@Suite struct GuideTests {
  @Test(arguments: ["record.py", "heartbeat.json"]) func showsTheFile(name: String) throws {
    let page = packageRoot.appendingPathComponent("docs/golden.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let file = try String(contentsOfFile: fixture("guide/\(name)"), encoding: .utf8)
    #expect(text.contains("\n" + file + "```\n"))
  }

  /// The same golden in every type of file.
  @Test(arguments: [
    "heartbeat.npz", "heartbeat.golden.pt", "heartbeat.golden.safetensors", "heartbeat.golden.h5",
  ]) func isReadFrom(name: String) throws {
    let run = try torchport(
      "verify", fixture("guide/heartbeat.pth"), "--golden", fixture("guide/\(name)"),
      "--architecture", fixture("guide/heartbeat.json"), "--json")
    #expect(run.status == 0, "\(run.output)")
    let rows = try #require(run.json?["activations"]?.array).filter {
      $0["mode"] == "chained" && $0["status"] == "holds"
    }
    let logits = try #require(rows.last)
    #expect(logits["name"] == "logits")
    #expect(rows.count == (name == "heartbeat.npz" ? 7 : 4))
    #expect(logits["golden"]?["rms"]?.double.map { $0 > 0.1 && $0 < 1 } == true)
    // No worst case is known of a GRU.
    let gru = run.json?["activations"]?.array?.first {
      $0["mode"] == "isolated" && $0["name"] == "gru"
    }
    #expect(name != "heartbeat.npz" || gru?["of_bound"] == .null)
  }
}
