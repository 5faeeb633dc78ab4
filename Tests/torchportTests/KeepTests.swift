import Foundation
import TPBytes
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

  /// The same bytes at every run, whatever the folder, the locale, the time zone or the umask.
  @Test(arguments: ["pth", "npz"])
  func theBytesAreTheSame(_ ending: String) throws {
    let (one, other) = (try scratch(), try scratch())
    defer { for folder in [one, other] { try? FileManager.default.removeItem(at: folder) } }
    let source = fixture("written/training.pth")
    let name = "same.\(ending)"
    let arguments = ["--architecture", "none", "--keep", "all"]
    _ = try torchport(["convert", source, "-o", one.appending(path: name).path] + arguments)
    _ = try torchport(
      ["convert", source, "-o", name] + arguments,
      environment: ["LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"], folder: other.path)
    let bytes = try Data(contentsOf: one.appending(path: name))
    let same = try bytes == Data(contentsOf: other.appending(path: name))
    #expect(same && !bytes.isEmpty)
  }
}
