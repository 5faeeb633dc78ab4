import Foundation
import TPBytes
import TestSupport
import Testing

/// `convert` to .pth, .npz and .npy, and `--keep`, as commands.
@Suite struct KeepCommandTests {
  private func scratch() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  /// A whole checkpoint through a format and back differs in nothing.
  @Test(arguments: ["safetensors", "h5", "npz", "pth"])
  func aWholeCheckpointComesBack(_ ending: String) throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let original = fixture("run/best_lightweight_model.pth")
    let middle = folder.appending(path: "kept.\(ending)").path
    let back = folder.appending(path: "back.pth").path
    let out = try torchport(
      "convert", original, "-o", middle, "--keep", "optimizer,scheduler,history", "--json")
    #expect(out.status == 0, "\(out.errors)")
    #expect(
      out.json?["kept"]?.array?.compactMap(\.string) == [
        "optimizer_state_dict", "scheduler_state_dict", "train_losses", "train_accuracies",
        "val_losses", "val_accuracies",
      ])
    #expect(out.json?["left_out"] == [])
    #expect(out.json?["tensors"] == 100)
    #expect(
      out.json?["digest"]?.string
        == "cd85e4e60d5858c93df75d82f97519363a26489a41cc610400b8abb393640277")
    for file in [middle, back] {
      if file == back {
        let home = try torchport("convert", middle, "-o", back, "--keep", "all")
        #expect(home.status == 0, "\(home.errors)")
      }
      let diff = try torchport("diff", original, file, "--json")
      #expect(diff.status == 0, "\(diff.output) \(diff.errors)")
      #expect(diff.json?["identical"] == true)
    }
  }

  @Test func aliasesAndOverlapsAreReported() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let tied: JSONValue = [["encoder.weight", "decoder.weight"]]
    let overlapping: JSONValue = [["whole", "matrix", "middle"]]
    for (ending, storages) in [("safetensors", "separate"), ("pth", "shared"), ("npz", "separate")]
    {
      let output = folder.appending(path: "ties.\(ending)").path
      let run = try torchport(
        "convert", fixture("written/ties.pth"), "-o", output, "--architecture", "none", "--json")
      #expect(run.json?["aliases"] == tied)
      #expect(run.json?["overlapping"] == overlapping)
      #expect(run.json?["storages"] == .string(storages))
      let inspected = try torchport("inspect", output, "--json")
      #expect(inspected.json?["aliases"] == (ending == "npz" ? [] : tied), "\(ending)")
    }
    let run = try torchport(
      "convert", fixture("written/ties.pth"), "-o", folder.appending(path: "a.h5").path,
      "--architecture", "none")
    #expect(run.output.contains("one tensor, written once: encoder.weight = decoder.weight\n"))
    #expect(run.output.contains("overlapping, each in full: whole, matrix, middle\n"))
  }

  @Test(arguments: [
    (["--keep", "optimizer,"], "--keep takes words separated by commas, and one is empty"),
    (["--keep", "ema2"], "the file has no part ema2 to keep"),
  ])
  func wrongWords(options: [String], message: String) throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = try torchport(
      ["convert", fixture("written/training.pth"), "-o", folder.appending(path: "a.pth").path]
        + ["--architecture", "none"] + options)
    #expect(run.status == 64)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test func whatNumPyLacks() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let output = folder.appending(path: "a.npz").path
    let run = try torchport(
      "convert", fixture("torch-files/good/dtypes.pt"), "-o", output, "--architecture", "none")
    #expect(run.status == 2)
    #expect(run.errors.contains("NumPy has no type for "), "\(run.errors)")
    #expect(run.errors.contains("write a .safetensors, .h5 or .pth file"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  /// An optimizer refers to parameters by their places, and some by their names.
  @Test func anOptimizerThatDoesNotFitAnyMoreIsTold() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    func warnings(_ file: String, _ rules: String?, _ options: String...) throws -> [String] {
      var arguments = ["convert", fixture(file), "-o", folder.appending(path: "a.pth").path]
      arguments += ["--force", "--json", "--keep", "optimizer"] + options
      if let rules {
        let map = folder.appending(path: "map.json")
        try Data("{\"torchport_map\": 1, \"rules\": [\(rules)]}".utf8).write(to: map)
        arguments += ["--map", map.path, "--architecture", "none"]
      }
      let run = try torchport(arguments)
      #expect(run.status == 0, "\(run.errors)")
      return (run.json?["warnings"]?.array ?? []).compactMap(\.string).filter {
        $0.hasPrefix("optimizer_state_dict")
      }
    }
    let best = "run/best_lightweight_model.pth"
    let rename = #"{"rename": {"regex": "first\\.(.*)"}, "to": "begin.$1"}"#
    #expect(try warnings(best, nil) == [])
    #expect(try warnings(best, #"{"rename": "fc1.weight", "to": "fc9.weight"}"#) == [])
    #expect(try warnings(best, #"{"drop": {"regex": ".*num_batches_tracked"}}"#) == [])
    #expect(try warnings(best, #"{"drop": {"regex": ".*running_mean"}}"#) == [])
    let permuted = try warnings(best, #"{"permute": "fc1.weight", "axes": [1, 0]}"#)
    #expect(permuted.count == 1)
    #expect(
      permuted.first?.contains("does not fit the converted network") == true
        && permuted.first?.contains("fc1.weight is no longer") == true)
    let joined = try warnings(
      best, #"{"join": ["lstm.bias_ih_l0", "lstm.bias_hh_l0"], "to": "lstm.bias"}"#)
    #expect(joined.first?.contains("lstm.bias_ih_l0 and 1 more are no longer") == true)
    let folded = try warnings(best, nil, "--fold-batch-norm")
    #expect(folded.first?.contains("bn3d1.weight and 7 more are no longer") == true, "\(folded)")
    #expect(
      try warnings("written/named.pth", rename) == [
        "optimizer_state_dict is kept as it was: it names parameters as the source does,"
          + " first.bias for example"
      ])
    #expect(try warnings("written/named.pth", nil, "--architecture", "none") == [])
  }

  /// Whatever the format, the kept parts are held against the source's, too.
  @Test(arguments: ["safetensors", "h5", "npz", "pth"])
  func theSourceProvesWhatIsKept(_ ending: String) throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "a.\(ending)").path
    let source = fixture("written/named.pth")
    let run = try torchport(
      "convert", source, "-o", file, "--architecture", "none", "--keep", "all")
    #expect(run.status == 0, "\(run.errors)")
    let proof = try torchport("verify", file, "--source", source, "--json")
    #expect(proof.status == 0, "\(proof.output)\(proof.errors)")
    #expect(try JSONSchema.documented().findings(proof.json ?? .null, file: "verify.json") == [])
    let parts = proof.json?["source"]?["parts"]?.array ?? []
    #expect(parts.map { $0["key"] } == ["optimizer_state_dict", "val_losses"])
    #expect(parts.allSatisfy { $0["status"] == "identical" })
    let text = try torchport("verify", file, "--source", source)
    #expect(text.output.contains("kept as in the source: optimizer_state_dict, val_losses"))
    // The same model, of another training.
    let other = try torchport(
      "verify", file, "--source", fixture("written/other_optimizer.pth"), "--json")
    #expect(other.status == 1)
    let wrong = other.json?["source"]?["parts"]?.array ?? []
    #expect(
      wrong.map { $0["difference"] } == [
        "the elements of optimizer_state_dict.state.2.exp_avg differ",
        "val_losses.0 is 0.5, not 0.25",
      ])
    #expect(other.json?["reason"] == wrong.first?["difference"])
    let bare = folder.appending(path: "bare.pth").path
    #expect(try torchport("convert", source, "-o", bare, "--architecture", "none").status == 0)
    let none = try torchport("verify", file, "--source", bare, "--json")
    #expect(none.status == 1)
    #expect(none.json?["reason"] == "the part optimizer_state_dict is not in the source")
  }

  /// Keras has a place for parameters only; a history has no tensors.
  @Test func partsInTheLayoutOfKeras() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "a.weights.h5").path
    let best = fixture("run/best_lightweight_model.pth")
    let run = try torchport(
      "convert", best, "-o", file, "--layout", "keras", "--keep", "optimizer")
    #expect(run.status == 2)
    #expect(run.errors.contains("no place for a tensor that is no parameter"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: file))
    let history = try torchport(
      "convert", best, "-o", file, "--layout", "keras", "--keep", "history,scheduler")
    #expect(history.status == 0, "\(history.errors)")
    let proof = try torchport("verify", file, "--source", best, "--json")
    #expect(proof.status == 0, "\(proof.output)\(proof.errors)")
    #expect(proof.json?["source"]?["parts"]?.array?.count == 8)
  }

  /// The same bytes at every run, whatever the folder, the locale, the time zone or the umask.
  @Test(
    arguments: [
      ("pth", []), ("npz", []), ("safetensors", []), ("h5", []), ("h5", ["--compress"]),
      ("safetensors", ["--dtype", "int8"]), ("h5", ["--dtype", "bfloat16"]),
    ] as [(String, [String])])
  func theBytesAreTheSame(_ ending: String, options: [String]) throws {
    let (one, other) = (try scratch(), try scratch())
    defer { for folder in [one, other] { try? FileManager.default.removeItem(at: folder) } }
    let source = fixture("written/training.pth")
    let name = "same.\(ending)"
    let arguments = ["--architecture", "none", "--keep", "all"] + options
    _ = try torchport(["convert", source, "-o", one.appending(path: name).path] + arguments)
    _ = try torchport(
      ["convert", source, "-o", name] + arguments,
      environment: ["LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"], folder: other.path)
    let bytes = try Data(contentsOf: one.appending(path: name))
    let same = try bytes == Data(contentsOf: other.appending(path: name))
    #expect(same && !bytes.isEmpty)
  }
}
