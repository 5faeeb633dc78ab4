import Foundation
import TPBytes
import TestSupport
import Testing

/// The main job, as its user does it: with the built command, on the checkpoints of a training run.
@Suite struct PathTests {
  static let best = fixture("run/best_lightweight_model.pth")
  static let early = fixture("run/checkpoint_epoch_5.pth")
  static let checkpoints = [
    "best_lightweight_model.pth", "checkpoint_epoch_15.pth", "checkpoint_epoch_5.pth",
  ]

  let folder = TemporaryFolder()

  private func convert(_ input: String, _ name: String) throws -> String {
    let run = try torchport("convert", input, "-o", folder.file(name))
    #expect(run.status == 0, "\(run.errors)")
    return folder.file(name)
  }

  private func expected(_ name: String) throws -> JSONValue {
    try JSONValue(
      parsing: String(contentsOfFile: fixture("expected/\(name).json"), encoding: .utf8))
  }

  /// What PyTorch says about a committed checkpoint.
  private func expected(checkpoint name: String) throws -> JSONValue {
    try #require(
      expected("checkpoints")["checkpoints"]?.array?.first { $0["file"]?.string == name })
  }

  // Digests are PyTorch's own (fixtures/expected.py); each format must give the same 34.
  @Test(arguments: checkpoints, ["pth", "h5", "safetensors"])
  func everyFormatHoldsTheBitsThatPyTorchSaved(name: String, format: String) throws {
    let original = fixture("run/\(name)")
    let path = format == "pth" ? original : try convert(original, "model.\(format)")
    let run = try torchport("inspect", path, "--digest", "--json")
    #expect(run.status == 0)
    let json = try #require(run.json)
    let known = try expected(checkpoint: name)
    #expect(json["digest"] == known["digest"])
    let prefix = format == "pth" ? "model_state_dict." : ""
    let found = (json["tensors"]?.array ?? []).filter {
      $0["name"]?.string?.hasPrefix(prefix) == true
    }.filter { format != "pth" || $0["path"]?.array?.first == "model_state_dict" }
    let tensors = try #require(known["state_dict"]?.array ?? known["tensors"]?.array)
    #expect(found.count == 34)
    #expect(tensors.count == 34)
    for (ours, theirs) in zip(found, tensors) {
      #expect(ours["name"]?.string == prefix + (theirs["name"]?.string ?? "?"))
      #expect(ours["dtype"] == theirs["dtype"])
      #expect(ours["shape"] == theirs["shape"])
      #expect(ours["sha256"] == theirs["sha256"])
    }
  }

  @Test func theOptimizerIsReadAsPyTorchSavedIt() throws {
    let run = try torchport("inspect", Self.best, "--digest", "--json")
    let found = try #require(run.json?["tensors"]?.array).filter {
      $0["path"]?.array?.first == "optimizer_state_dict"
    }
    let tensors = try #require(expected("optimizer")["tensors"]?.array)
    #expect(found.count == 66)
    #expect(found.map { $0["name"] } == tensors.map { $0["name"] ?? $0["path"] })
    #expect(found.map { $0["sha256"] } == tensors.map { $0["sha256"] })
    let metadata = try #require(run.json?["metadata"])
    let known = try expected(checkpoint: "best_lightweight_model.pth")
    #expect(metadata["epoch"] == known["epoch"])
    #expect(metadata["best_val_acc"] == known["best_val_acc"])
    #expect(metadata["class_to_idx"] == known["class_to_idx"])
    #expect(metadata["train_losses"] == known["train_losses"])
    #expect(metadata["scheduler_state_dict"]?["mode"] == "max")
  }

  @Test(arguments: ["h5", "safetensors"])
  func convertingTwiceGivesTheSameBytes(format: String) throws {
    let first = try convert(Self.best, "a.\(format)")
    let again = try convert(Self.best, "b.\(format)")
    #expect(FileManager.default.contentsEqual(atPath: first, andPath: again))
    // From the other format too: the source's name and digest are carried along.
    let other = try convert(first, "c.\(format == "h5" ? "safetensors" : "h5")")
    let back = try convert(other, "d.\(format)")
    #expect(FileManager.default.contentsEqual(atPath: first, andPath: back))
  }

  @Test(arguments: ["pth", "h5", "safetensors"], ["best", "best_full", "bare"])
  func parityHoldsOnEveryGolden(format: String, golden: String) throws {
    let weights = format == "pth" ? Self.best : try convert(Self.best, "model.\(format)")
    let run = try torchport(
      "verify", weights, "--golden", fixture("goldens/\(golden).npz"), "--json")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.json?["verdict"] == "holds")
    let rows = run.json?["activations"]?.array ?? []
    let activations = rows.filter { $0["mode"] == "chained" }
    // From the sampled golden not every layer can be isolated; from the bare one none.
    let isolated = rows.filter { $0["mode"] == "isolated" }
    #expect(isolated.count == ["best": 12, "best_full": 15, "bare": 0][golden])
    #expect(isolated.allSatisfy { $0["status"] == "holds" && $0["source"] != .null })
    #expect(run.json?["ledger"]?.array?.count == isolated.count)
    let recorded = activations.filter { $0["status"] == "holds" }.compactMap { $0["name"]?.string }
    #expect(activations.allSatisfy { $0["status"] == "holds" || golden == "bare" })
    #expect(recorded.count == (golden == "bare" ? 1 : 15))
    #expect(recorded.last == "logits")
    #expect(run.json?["warnings"] == [])
  }

  @Test func theGoldenOfAnotherEpochIsBrokenAndSaysWhy() throws {
    let run = try torchport(
      "verify", Self.best, "--golden", fixture("goldens/middle_logits.npz"), "--no-diagnosis",
      "--json")
    #expect(run.status == 1)
    #expect(run.json?["verdict"] == "broken")
    #expect(run.json?["warnings"]?.array?.count == 1)
    #expect(run.json?["status"] == 1)
    #expect(run.json?["error"] == .null)
  }

  @Test func ledgerIsATable() throws {
    let golden = fixture("goldens/best_full.npz")
    let plain = try torchport("verify", Self.best, "--golden", golden)
    let run = try torchport("verify", Self.best, "--golden", golden, "--ledger")
    #expect(run.status == 0)
    #expect(run.output.contains("introduced") && !plain.output.contains("introduced"))
    #expect(run.output.contains("conv3d2        pool3d1"), "\(run.output)")
  }

  @Test func predictionsAreThoseOfPyTorch() throws {
    let expected = try JSONValue(
      parsing: String(contentsOfFile: fixture("clips/expected.json"), encoding: .utf8))
    let weights = try convert(Self.best, "model.safetensors")
    for (name, known) in (expected["clips"]?.members ?? []).map({ ($0.key, $0.value) }) {
      let run = try torchport("predict", weights, fixture("clips/\(name)"), "--json")
      #expect(run.status == 0)
      let prediction = try #require(run.json?["predictions"]?.array?.first)
      #expect(prediction["class"] == known["predicted"])
      let found = prediction["probabilities"]?.array ?? []
      #expect(found.map { $0["class"] ?? .null } == known["classes"]?.array)
      for (ours, theirs) in zip(found, known["float64"]?["logits"]?.array ?? []) {
        // Four times the largest error of PyTorch's own float32 logits (rounding.json: 1.2e-6).
        let error = abs((ours["logit"]?.double ?? .nan) - (theirs.double ?? 0))
        #expect(error < 5e-6)
      }
      let sum = found.reduce(0) { $0 + ($1["probability"]?.double ?? .nan) }
      #expect(abs(sum - 1) < 1e-6)
    }
  }

  @Test func differencesAreThoseThatNumPyFinds() throws {
    let run = try torchport("diff", Self.early, Self.best, "--json")
    #expect(run.status == 1)
    #expect(run.json?["identical"] == false)
    let found = try #require(run.json?["tensors"]?.array)
    let tensors = try #require(expected("diff")["tensors"]?.array)
    #expect(found.count == 34)
    for (ours, theirs) in zip(found, tensors) {
      let name = ours["name"]?.string ?? ""
      #expect(theirs["name"]?.string == name)
      #expect((ours["status"] == "identical") == (theirs["bitwise_equal"] == true), "\(name)")
      for (key, other) in [
        ("norm_a", "norm_a"), ("norm_b", "norm_b"), ("norm_delta", "norm_delta"),
        ("relative", "relative"), ("max_abs", "max_abs"), ("cosine", "cosine"),
        ("changed", "changed_fraction"),
      ] {
        let (value, known) = (ours[key]?.double, theirs[other]?.double)
        #expect((value == nil) == (known == nil), "\(name) \(key)")
        let scale = max(abs(known ?? 0), 1e-300)
        #expect(abs((value ?? 0) - (known ?? 0)) <= 1e-9 * scale, "\(name) \(key)")
      }
      if theirs["bitwise_equal"] == false {
        #expect(ours["max_index"] == theirs["argmax"], "\(name)")
      }
    }
  }

  @Test(arguments: ["h5", "safetensors"])
  func aCheckpointAndItsWeightFileAreIdentical(format: String) throws {
    let weights = try convert(Self.best, "model.\(format)")
    for pair in [[Self.best, weights], [weights, Self.best], [weights, weights]] {
      let run = try torchport("diff", pair[0], pair[1], "--json")
      #expect(run.status == 0, "\(run.output)")
      #expect(run.json?["identical"] == true)
    }
    #expect(try torchport("diff", weights, Self.early).status == 1)
  }

  /// The best checkpoint as a download that broke off leaves it.
  private func cut() throws -> String {
    let whole = try Data(contentsOf: URL(fileURLWithPath: Self.best))
    try whole.prefix(3_000_000).write(to: URL(fileURLWithPath: folder.file("cut.pth")))
    return folder.file("cut.pth")
  }

  @Test func whatIsLeftOfABrokenDownloadIsWritten() throws {
    let broken = try cut()
    let inspected = try torchport("inspect", broken)
    #expect(inspected.status == 2)
    // The whole file has 8,685,997 bytes, directory and padding included.
    #expect(
      inspected.errors.contains("has 3000000 of at least 8"), "\(inspected.errors)")
    #expect(inspected.errors.contains("48 of 100 tensors are intact"), "\(inspected.errors)")
    let saved = folder.file("saved.safetensors")
    let run = try torchport("recover", broken, "-o", saved)
    #expect(run.status == 1)
    #expect(run.output.contains("48 intact, 0 unverified, 52 lost"), "\(run.output)")
    #expect(try torchport("recover", broken, "-o", saved).status == 2)
    #expect(try torchport("recover", Self.best, "-o", saved, "--force").status == 0)
    #expect(try torchport("recover", folder.file("none"), "-o", folder.file("n.h5")).status == 2)
    #expect(!folder.names.contains("n.h5"))
  }

  @Test(arguments: ["inspect", "scan", "convert", "verify", "diff", "predict", "recover"])
  func jsonIsWhatTheSchemaSays(command: String) throws {
    let schemas = packageRoot.appendingPathComponent("docs/json")
    var files: [String: JSONValue] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: schemas.path) {
      files[name] = try JSONValue(
        parsing: String(contentsOf: schemas.appendingPathComponent(name), encoding: .utf8))
    }
    let schema = JSONSchema(files: files)
    let runs: [[String]] =
      switch command {
      case "inspect":
        [
          [Self.best], [Self.best, "--digest"], [fixture("goldens/bare.npz")], ["none"],
          [Self.best, "--stats", "--filter", "*.bias"], [Self.best, "--pickle"],
          [Self.best, "--tensor", "model_state_dict.fc1.bias"],
        ]
      case "scan":
        [
          [Self.best], [fixture("gallery/files/hostile")], ["none"],
          [fixture("gallery/files/values")],
        ]
      case "convert":
        [[Self.best, "-o", folder.file("a.h5")], [Self.best, "-o", folder.file("a.h5")]]
      case "verify":
        ["best", "bare", "middle_logits", "none"].map {
          [Self.best, "--golden", fixture("goldens/\($0).npz")]
        }
      case "recover":
        [
          [try cut(), "-o", folder.file("b.h5")], [Self.best, "-o", folder.file("a.safetensors")],
          ["none", "-o", folder.file("c.h5")],
        ]
      case "diff": [[Self.early, Self.best], [Self.best, Self.best], [Self.best, "none"]]
      default: [[Self.best, fixture("clips/uint8.npy")], [Self.best, "none"]]
      }
    for arguments in runs {
      let run = try torchport([command] + arguments + ["--json"])
      let json = try #require(run.json, "\(arguments) printed \(run.output)")
      #expect(json["status"]?.int == Int(run.status))
      #expect(schema.findings(json, file: "\(command).json") == [])
    }
  }
}
