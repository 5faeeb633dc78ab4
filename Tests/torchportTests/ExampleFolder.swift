import Foundation
import TestSupport

/// A folder with the files that the examples of `--help` name.
final class ExampleFolder {
  private let folder = TemporaryFolder()

  init() throws {
    for (name, source) in [
      ("best.pth", "run/best_lightweight_model.pth"), ("epoch5.pth", "run/checkpoint_epoch_5.pth"),
      ("other.pth", "evaluation/other.pth"), ("renamed.pth", "misfits/renamed_key.pth"),
      ("golden.npz", "goldens/best.npz"), ("validation.npz", "validation.npz"),
      ("clip.npy", "clips/uint8.npy"), ("network.json", "guide/heartbeat.json"),
      ("summary.json", "audit/summary.json"), ("frames", "frames/clip"),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file(name), withDestinationPath: fixture(source))
    }
    for (name, source) in [("run", "run"), ("downloads", "gallery/files/pickle")] {
      try FileManager.default.copyItem(atPath: fixture(source), toPath: folder.file(name))
    }
    try "torchport_map: 1\nrules:\n  - rename: fc_final.weight\n    to: fc_out.weight\n"
      .write(toFile: folder.file("names.yaml"), atomically: true, encoding: .utf8)
    // The first half of a download.
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder.file("best.pth")))
    try whole.prefix(whole.count * 3 / 4).write(to: URL(fileURLWithPath: folder.file("broken.pth")))
    for name in ["model.safetensors", "model.h5"] {
      _ = try torchport("convert", folder.file("best.pth"), "-o", folder.file(name))
    }
  }

  /// Runs a line as a shell does. What an example writes may be there already.
  func run(_ line: String) throws -> Run {
    var line = line
    for name in ["model.safetensors", "model.h5"] where line.contains("-o \(name)") {
      try FileManager.default.removeItem(atPath: folder.file(name))
    }
    // One round tells whether the command runs.
    if line.contains("torchport bench"), !line.contains("--runs") {
      line = line.replacingOccurrences(of: "bench best.pth", with: "bench best.pth --runs 1")
    }
    let path = commandURL.deletingLastPathComponent().path
    return try torchport(
      ["-c", "PATH='\(path)':\"$PATH\"; " + line], folder: folder.path,
      executable: URL(fileURLWithPath: "/bin/sh"))
  }

  /// The exit statuses that a line may have here.
  func allowed(_ line: String) -> Set<Int32> {
    if line.contains("scan downloads") { return [2] }
    // Three files of a run are no whole delivery.
    if line.contains("audit run/") { return [1] }
    if line.contains("diff epoch5.pth") { return [line.contains("--fail-on") ? 0 : 1] }
    if line.contains("recover broken.pth") { return [1] }
    if line.contains("evaluate best.pth"), line.contains("--compare") { return [1] }
    // A machine that does other work meanwhile may be slower than a moment ago.
    if line.contains("bench"), line.contains("--expect") { return [0, 1] }
    return [0]
  }
}
