import Foundation
import Testing

/// Command lines whose output is kept in fixtures/snapshots/reports; each important outcome once.
struct Snapshot: Sendable, CustomTestStringConvertible {
  let name: String
  let lines: [String]
  /// What no two runs print alike.
  var varying: @Sendable () -> Regex<Substring>? = { nil }

  var testDescription: String { name }

  init(_ name: String, _ lines: String...) {
    self.name = name
    self.lines = lines
  }

  /// The text without what varies.
  func masked(_ text: String) -> String {
    guard let pattern = varying() else { return text }
    return text.replacing(pattern, with: "#")
  }

  private static let best = "fixtures/run/best_lightweight_model.pth"
  private static let fifth = "fixtures/run/checkpoint_epoch_5.pth"

  static let all: [Snapshot] = [
    Snapshot("inspect-checkpoint", "torchport inspect \(best)"),
    Snapshot(
      "inspect-weight-files", "torchport convert \(best) -o model.safetensors",
      "torchport inspect model.safetensors", "torchport convert \(best) -o model.h5 --compress",
      "torchport inspect model.h5 --digest", "torchport inspect model.h5 --stats --only fc*"),
    Snapshot(
      "inspect-tensor", "torchport inspect \(best) --tensor model_state_dict.fc_out.weight",
      "torchport inspect \(best) --tensor model_state_dict.fc_out.wieght",
      "torchport inspect fixtures/clips/uint8.npy", "torchport inspect fixtures/goldens/bare.npz"),
    Snapshot(
      "inspect-pickle", "torchport inspect --pickle fixtures/misfits/missing_key.pth --opcodes 40"),
    Snapshot(
      "inspect-architecture", "torchport inspect --architecture LightweightCNNLSTM",
      "torchport inspect --architecture fixtures/guide/heartbeat.json"),
    Snapshot("inspect-refused", "torchport inspect none.pth", "torchport inspect fixtures/make.sh"),
    Snapshot(
      "convert-formats", "torchport convert \(best) -o model.h5",
      "torchport convert model.h5 -o model.npz", "torchport convert model.npz -o model.pth",
      "torchport convert \(best) -o kept.pth --keep optimizer,history",
      "torchport convert \(best) -o model.weights.h5 --layout keras",
      "torchport convert \(best) -o model.h5"),
    Snapshot(
      "convert-precision",
      "torchport convert \(best) -o small.safetensors --dtype int8 --fold-batch-norm",
      "torchport convert \(best) -o half.h5 --dtype float16 --verify fixtures/goldens/bare.npz"),
    Snapshot(
      "convert-misfits", "torchport convert fixtures/misfits/wrong_shape.pth -o a.h5",
      "torchport convert fixtures/misfits/extra_key.pth -o a.h5 --dry-run"),
    Snapshot(
      "convert-many",
      "torchport convert \(best) \(fifth) fixtures/misfits/missing_key.pth --output-directory out"),
    Snapshot(
      "verify-proof", "torchport convert \(best) -o model.safetensors",
      "torchport verify model.safetensors", "torchport verify model.safetensors --source \(best)",
      "torchport verify model.safetensors --source \(fifth)",
      "torchport verify fixtures/misfits/fitting.pth"),
    Snapshot(
      "verify-holds",
      "torchport verify \(best) --golden fixtures/goldens/bare.npz --verbose --ledger"),
    Snapshot("verify-broken", "torchport verify \(fifth) --golden fixtures/goldens/best_full.npz"),
    Snapshot("verify-suspect", "torchport verify \(best) --golden fixtures/suspects/train.npz"),
    Snapshot("verify-refused", "torchport verify \(best) --golden fixtures/guide/heartbeat.npz"),
    Snapshot(
      "diff", "torchport diff \(fifth) \(best) --top 5",
      "torchport diff \(fifth) \(best) --quick --only lstm.*",
      "torchport diff \(best) fixtures/clips/uint8.npy"),
    Snapshot(
      "diff-behaviour",
      "torchport diff \(fifth) \(best) --clips fixtures/validation.npz --top 1 --fail-on nan,flips>20"
    ),
    Snapshot("history", "torchport history fixtures/run"),
    Snapshot("audit-fails", "torchport audit fixtures/run --expect fixtures/audit/summary.json"),
    Snapshot(
      "scan", "torchport scan \(best)", "torchport scan fixtures/gallery/files/hostile",
      "torchport scan fixtures/make.sh"),
    Snapshot(
      "recover", "torchport recover fixtures/gallery/files/damaged/central_signature.pth -o a.pth",
      "torchport recover fixtures/gallery/files/damaged/legacy_cut_storage.pth -o b.safetensors",
      "torchport recover fixtures/gallery/files/damaged/as_utf8.pth -o c.h5"),
    Snapshot(
      "predict", "torchport predict \(best) fixtures/clips/float32.npy",
      "torchport predict \(best) fixtures/validation.npz"),
    Snapshot(
      "evaluate-compare", "torchport evaluate \(best) fixtures/validation.npz --compare \(fifth)"),
    .bench,
  ]

  private static var bench: Snapshot {
    var bench = Snapshot("bench", "torchport bench \(best) --runs 1 --only open --only hash*")
    // The processor, every number with its unit, and the spaces that align them.
    bench.varying = {
      try? Regex(#"(?m)^.*processors?,.*$| *[0-9][0-9.,]*(?: (?:[mµun]?s|[GM]B/s|GFLOP/s)\b)?| {2,}"#)
    }
    return bench
  }
}
