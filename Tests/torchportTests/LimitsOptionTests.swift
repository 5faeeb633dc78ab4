import Foundation
import TestSupport
import Testing

/// `--limit NAME=VALUE`
@Suite struct LimitsOptionTests {
  private static let checkpoint = fixture("run/best_lightweight_model.pth")

  /// The checkpoint's data.pkl has 10,427 bytes, its archive 106 members (`unzip -lv`).
  @Test(
    arguments: [
      ("objects=10", "raise the limit objects if you trust the file"),
      ("free-objects=0", "raise the limit free-objects if you trust the file"),
      ("pickle-bytes=10426", "raise the limit pickle-bytes if you trust the file"),
      ("members=105", "raise the limit members if you trust the file"),
    ])
  func whatMeetsALimitNamesIt(setting: String, remedy: String) throws {
    for command in ["inspect", "scan"] {
      let run = try torchport(command, Self.checkpoint, "--limit", setting)
      #expect(run.status == 2)
      #expect((run.errors + run.output).contains(remedy), "\(command): \(run.errors)")
    }
  }

  @Test(arguments: ["objects=1M", "pickle-bytes=10427", "members=106", "pickle-bytes=11K"])
  func whatDoesNotIsRead(setting: String) throws {
    #expect(try torchport("inspect", Self.checkpoint, "--limit", setting).status == 0)
  }

  /// conv1.weight has 48 elements: 96 bytes of float16.
  @Test func theLastOfSeveralSettingsCounts() throws {
    let folder = TemporaryFolder()
    let arguments = [
      "convert", fixture("evaluation/wave.pth"), "-o", folder.file("wave.safetensors"),
      "--architecture", "none", "--dtype", "float16", "--limit", "materialised-bytes=10",
    ]
    let refused = try torchport(arguments)
    #expect(refused.status == 2)
    #expect(
      refused.errors.contains("raise the limit materialised-bytes if you trust the file"),
      "\(refused.errors)")
    #expect(try torchport(arguments + ["--limit", "materialised-bytes=1G"]).status == 0)
  }

  /// A golden of eight members and more, for weights in a file that has none.
  @Test func goldensHaveTheSameLimits() throws {
    let folder = TemporaryFolder()
    let weights = folder.file("weights.safetensors")
    #expect(try torchport("convert", Self.checkpoint, "-o", weights).status == 0)
    let arguments = ["verify", weights, "--golden", fixture("goldens/best.npz"), "--no-diagnosis"]
    let refused = try torchport(arguments + ["--limit", "members=7"])
    #expect(refused.status == 2)
    #expect(refused.errors.contains("best.npz: the zip file has "), "\(refused.errors)")
    #expect(try torchport(arguments + ["--limit", "members=70"]).status == 0)
  }

  @Test func theGoldenOfAConversionHasTheSameLimits() throws {
    let folder = TemporaryFolder()
    let weights = folder.file("weights.safetensors")
    #expect(try torchport("convert", Self.checkpoint, "-o", weights).status == 0)
    let run = try torchport(
      "convert", weights, "-o", folder.file("again.safetensors"), "--verify",
      fixture("goldens/best.npz"), "--limit", "members=7")
    #expect(run.status == 2)
    #expect(run.errors.contains("best.npz: the zip file has "), "\(run.errors)")
  }

  @Test(
    arguments: [
      ("member=1", "did you mean members?"), ("zzz=1", "there are objects, free-objects, "),
      ("members", "write it as NAME=VALUE"), ("members=", "must be a whole number"),
      ("members=-1", "must be a whole number"), ("members=1P", "must be a whole number"),
    ])
  func wrongSettings(setting: String, words: String) throws {
    let run = try torchport("inspect", Self.checkpoint, "--limit", setting)
    #expect(run.status == 64)
    #expect(run.errors.contains(words), "\(run.errors)")
  }

  /// A number that no integer holds is the most that the limit may be.
  @Test func aNumberThatIsTooLarge() throws {
    let run = try torchport(
      "inspect", Self.checkpoint, "--limit", "pickle-bytes=9223372036854775807T", "--limit",
      "objects=9223372036854775807", "--limit", "free-objects=9223372036854775807", "--limit",
      "inflate-ratio=9223372036854775807", "--limit", "path-text=9223372036854775807")
    #expect(run.status == 0, "\(run.errors)")
  }
}
