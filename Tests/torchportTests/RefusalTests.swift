import Foundation
import TPBytes
import TestSupport
import Testing

/// What cannot be done: one sentence, the right exit status, nothing written.
@Suite struct RefusalTests {
  let folder = TemporaryFolder()

  /// Converts and expects a refusal; gives the sentence.
  private func refusal(
    _ input: String, to output: String? = nil, status: Int32 = 2, options: [String] = []
  ) throws -> String {
    let before = folder.names
    let output = output ?? folder.file("out.h5")
    let run = try torchport(["convert", input, "-o", output] + options)
    #expect(run.status == status, "\(run.errors)")
    #expect(run.output == "")
    #expect(folder.names == before)
    #expect(run.errors.hasPrefix("torchport: "))
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    return run.errors
  }

  @Test(arguments: [
    ("missing_key", ["fc1.bias", "(64,)", "missing"]),
    ("extra_key", ["fc2.weight", "(8, 64)", "unexpected"]),
    ("wrong_shape", ["conv3d2.weight", "(32, 16, 3, 3, 5)", "(32, 16, 3, 3, 3)"]),
    ("wrong_dtype", ["lstm.weight_hh_l0", "int32", "float32"]),
    ("renamed_key", ["fc_out.weight", "fc_final.weight"]),
  ])
  func weightsThatDoNotFit(name: String, says: [String]) throws {
    let sentence = try refusal(fixture("misfits/\(name).pth"))
    for words in says + ["LightweightCNNLSTM", "--architecture none"] {
      #expect(sentence.contains(words), "\(sentence)")
    }
  }

  @Test(arguments: ["fitting", "wrapped"]) func weightsThatFit(name: String) throws {
    for format in ["h5", "safetensors"] {
      let output = folder.file("\(name).\(format)")
      let run = try torchport(
        "convert", fixture("misfits/\(name).pth"), "-o", output, "--json")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.json?["parameters"] == 721_044)
      #expect(run.json?["renamed"]?.array?.count == (name == "wrapped" ? 34 : 0))
    }
  }

  @Test func anyCheckpointConvertsWithoutAnArchitecture() throws {
    for name in ["missing_key", "extra_key", "wrong_shape", "wrong_dtype"] {
      let output = folder.file("\(name).safetensors")
      let run = try torchport(
        "convert", fixture("misfits/\(name).pth"), "-o", output, "--architecture", "none", "--json")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.json?["architecture"] == .null)
      #expect(try torchport("diff", fixture("misfits/\(name).pth"), output).status == 0)
    }
  }

  /// A limit on the size of files would end the process by a signal and leave half a file.
  @Test func theLimitOfAFileIsAnError() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", #"ulimit -f 100 && exec "$@""#, "sh", commandURL.path, "convert",
      fixture("run/best_lightweight_model.pth"), "-o", folder.file("out.h5"),
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 2)
    #expect(folder.names == [])
  }

  @Test(arguments: [1, 3, 4, 1_000, 100_000, 4_000_000, 8_685_996])
  func truncatedFiles(length: Int) throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: PathTests.best))
    try whole.prefix(length).write(to: URL(fileURLWithPath: folder.file("cut.pth")))
    let sentence = try refusal(folder.file("cut.pth"))
    #expect(sentence.contains("cut.pth"))
  }

  @Test func aTextFile() throws {
    try "epoch,loss\n1,0.5\n".write(
      toFile: folder.file("log.pth"), atomically: true, encoding: .utf8)
    #expect(try refusal(folder.file("log.pth")).contains("text"))
  }

  @Test func aGitLFSPointer() throws {
    let text =
      "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "0", count: 64))\nsize 8684677\n"
    try text.write(toFile: folder.file("a.pth"), atomically: true, encoding: .utf8)
    let sentence = try refusal(folder.file("a.pth"))
    #expect(sentence.contains("Git LFS"))
    #expect(sentence.contains("git lfs pull"))
  }

  @Test func whatIsNoFile() throws {
    mkfifo(folder.file("pipe"), 0o600)
    #expect(try refusal(folder.path).contains("folder"))
    #expect(try refusal(folder.file("pipe")).contains("pipe"))
    #expect(try refusal("/dev/zero").contains("device"))
    #expect(try refusal(folder.file("none.pth")).contains("no such file"))
  }

  @Test func aFileThatMayNotBeRead() throws {
    try Data([1]).write(to: URL(fileURLWithPath: folder.file("a.pth")))
    chmod(folder.file("a.pth"), 0)
    if getuid() != 0 {
      #expect(try refusal(folder.file("a.pth")).contains("permission denied"))
    } else {
      // Root may read everything but the memory of a process that is not its child.
      #expect(try torchport("inspect", "/proc/1/mem").status == 2)
    }
  }

  @Test func outputsThatCannotBe() throws {
    let best = PathTests.best
    #expect(try refusal(best, to: folder.file("no/a.h5")).contains("folder does not exist"))
    #expect(try refusal(best, to: folder.path + ".h5/", status: 64).contains("."))
    #expect(try refusal(best, to: folder.file("a.onnx"), status: 64).contains(".safetensors"))
    try FileManager.default.createDirectory(
      atPath: folder.file("d.h5"), withIntermediateDirectories: false)
    #expect(try refusal(best, to: folder.file("d.h5"), options: ["--force"]).contains("folder"))
  }

  @Test func anExistingOutputIsKeptUnlessForced() throws {
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder.file("out.h5")))
    #expect(try refusal(PathTests.best).contains("--force"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("out.h5"))).count == 3)
    // A failure leaves the old file even when it may be replaced.
    _ = try refusal(fixture("misfits/missing_key.pth"), options: ["--force"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("out.h5"))).count == 3)
    let run = try torchport("convert", PathTests.best, "-o", folder.file("out.h5"), "--force")
    #expect(run.status == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("out.h5"))).count > 2_000_000)
  }

  @Test func theInputMayBeTheOutput() throws {
    let path = folder.file("a.safetensors")
    #expect(try torchport("convert", PathTests.best, "-o", path).status == 0)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(try torchport("convert", path, "-o", path, "--force").status == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test(arguments: [
    [], ["nonsense"], ["convert"], ["convert", "a.pth"], ["verify"], ["diff", "a.pth"],
    ["inspect", "a.pth", "--nonsense"], ["predict", "a", "b", "--architecture", "none"],
    ["convert", "a.pth", "-o", "a.h5", "--architecture", "LightweightCNNLTSM"],
  ])
  func wrongUsage(arguments: [String]) throws {
    let run = try torchport(arguments)
    #expect(run.status == (arguments.isEmpty ? 0 : 64))
    #expect(arguments.isEmpty || !run.errors.isEmpty)
  }

  @Test func errorsAreJSONToo() throws {
    let run = try torchport("inspect", folder.file("none"), "--json")
    #expect(run.status == 2)
    #expect(run.json?["status"] == 2)
    #expect(run.json?["error"]?["kind"] == "not_found")
    #expect(run.json?["error"]?["file"]?.string == folder.file("none"))
    let usage = try torchport("inspect", "--json")
    #expect(usage.status == 64)
    #expect(usage.json?["error"]?["kind"] == "usage")
  }

  @Test func nothingThatFitsIsUndecided() throws {
    let run = try torchport("diff", PathTests.best, fixture("clips/uint8.npy"))
    #expect(run.status == 3)
  }
}
