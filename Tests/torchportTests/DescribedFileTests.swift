import Foundation
import LipReading
import TPBytes
import TPTensors
import TestSupport
import Testing

/// A file that was converted with a description of its network carries it: no command needs
/// `--architecture` again.
@Suite struct DescribedFileTests {
  let folder = TemporaryFolder()

  private func network(_ name: String) -> String { fixture("networks/" + name) }

  private func converted(
    _ name: String, _ format: String, _ options: [String] = []
  ) throws -> String {
    let path = folder.file("\(name).\(format)")
    let run = try torchport(
      ["convert", network(name + ".pth"), "-o", path, "--architecture"]
        + [network(name + ".json")] + options)
    #expect(run.status == 0, "\(run.errors)")
    return path
  }

  @Test(arguments: ["safetensors", "h5", "pth", "npz"])
  func noCommandNeedsTheDescriptionAgain(format: String) throws {
    let path = try converted("FramesGRU", format)
    let golden = network("FramesGRU.npz")
    let judged = try torchport("verify", path, "--golden", golden, "--json")
    #expect(judged.status == 0, "\(judged.errors)")
    #expect(judged.json?["verdict"] == "holds")
    #expect(judged.json?["architecture"] == "FramesGRU")
    let alone = try torchport("verify", path)
    #expect(alone.status == 0, "\(alone.output)\(alone.errors)")
    #expect(alone.output.contains("the weights fit FramesGRU, which the file describes"))
    let source = try torchport("verify", path, "--source", network("FramesGRU.pth"))
    #expect(source.status == 0, "\(source.output)\(source.errors)")
    let options = ["--architecture", network("FramesGRU.json")]
    for command in [
      ["predict", path, golden, "--json"],
      ["evaluate", path, fixture("evaluation/frames.npz"), "--json"],
    ] {
      let without = try torchport(command)
      let with = try torchport(command + options)
      #expect(without.status == 0, "\(without.errors)")
      #expect(without.output == with.output)
      #expect(without.errors == "" && with.errors == "")
    }
    // Another file that is made of it carries it on.
    let again = folder.file("again.safetensors")
    #expect(try torchport("convert", path, "-o", again).status == 0)
    #expect(try torchport("verify", again, "--golden", golden).status == 0)
  }

  @Test(arguments: [
    ["--fold-batch-norm"], ["--dtype", "int8"], ["--fold-batch-norm", "--dtype", "float16"],
  ]) func foldedAndRoundedFilesDescribeTheWholeNetwork(options: [String]) throws {
    let path = try converted("FramesGRU", "safetensors", options)
    let alone = try torchport("verify", path, "--source", network("FramesGRU.pth"))
    #expect(alone.status == 0, "\(alone.output)\(alone.errors)")
    let judged = try torchport("verify", path, "--golden", network("FramesGRU.npz"))
    #expect(judged.status == 0, "\(judged.output)\(judged.errors)")
    // Given again it is the same network, folded or not.
    let given = try torchport(
      "predict", path, network("FramesGRU.npz"), "--architecture", network("FramesGRU.json"))
    #expect(given.status == 0)
    #expect(given.errors == "")
    let again = folder.file("again.h5")
    #expect(try torchport("convert", path, "-o", again).status == 0)
    #expect(
      try torchport("predict", again, network("FramesGRU.npz")).output == given.output)
  }

  @Test func anotherDescriptionOverridesItWithAWarning() throws {
    let path = try converted("FramesGRU", "safetensors")
    let other = folder.file("other.json")
    try String(contentsOfFile: network("FramesGRU.json"), encoding: .utf8)
      .replacingOccurrences(of: "0.1", with: "0.2").replacingOccurrences(
        of: "\"FramesGRU\"", with: "\"Other\""
      ).write(toFile: other, atomically: true, encoding: .utf8)
    let words =
      "warning: the file describes its network, FramesGRU, in another way than Other, which was"
      + " given and is used"
    let golden = network("FramesGRU.npz")
    let own = try torchport("predict", path, golden)
    let overridden = try torchport("predict", path, golden, "--architecture", other)
    #expect(overridden.status == 0)
    #expect(overridden.errors.contains(words), "\(overridden.errors)")
    #expect(overridden.output != own.output)
    let judged = try torchport("verify", path, "--golden", golden, "--architecture", other)
    #expect(judged.status == 1)
    #expect(judged.output.contains(words), "\(judged.output)")
    let again = folder.file("again.safetensors")
    let run = try torchport("convert", path, "-o", again, "--architecture", other)
    #expect(run.status == 0)
    #expect((run.output + run.errors).contains(words), "\(run.output)\(run.errors)")
    #expect(try torchport("predict", again, golden).output == overridden.output)
    // A built-in network's name is enough.
    let best = folder.file("best.safetensors")
    _ = try torchport("convert", fixture("run/best_lightweight_model.pth"), "-o", best)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: best))
    #expect(bytes.range(of: Data("architecture.description".utf8)) == nil)
  }

  /// The facts of a .npz file are under no checksum.
  @Test(arguments: [
    (#"\"kind\":\"GRU\""#, #"\"kind\":\"GRX\""#, "GRX"),
    (
      #"\"name\":\"FramesGRU\""#, #"\"name\":\"FramesGRX\""#,
      "it is that of FramesGRX, and the file names FramesGRU"
    ),
    (#"{\"name\":"#, #"[\"name\":"#, "the file's description of its network cannot be used"),
  ]) func aDescriptionThatMeansNothing(old: String, new: String, words: String) throws {
    let path = try converted("FramesGRU", "npz")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let place = try #require(bytes.range(of: Data(old.utf8)))
    bytes.replaceSubrange(place, with: Data(new.utf8))
    try bytes.write(to: URL(fileURLWithPath: path))
    let golden = network("FramesGRU.npz")
    for command in [
      ["predict", path, golden], ["verify", path], ["convert", path, "-o", folder.file("out.h5")],
    ] {
      let run = try torchport(command)
      #expect(run.status == 2, "\(run.output)")
      #expect(run.errors.contains("the file's description of its network cannot be used: "))
      #expect(run.errors.contains(words), "\(run.errors)")
      #expect(run.errors.contains("--architecture FILE.json"))
    }
    let given = try torchport(
      "predict", path, golden, "--architecture", network("FramesGRU.json"))
    #expect(given.status == 0, "\(given.errors)")
    #expect(given.errors.contains("cannot be used; the one that was given is"))
  }

  @Test func otherNetworksAreNotCompared() throws {
    let path = try converted("FramesGRU", "safetensors")
    let run = try torchport(
      "evaluate", fixture("run/best_lightweight_model.pth"), fixture("validation.npz"),
      "--compare", path)
    #expect(run.status == 2)
    #expect(
      run.errors.contains(
        "FramesGRU.safetensors: the clips have the extents [1, 32, 64, 96] and FramesGRU takes [1, 16, 20]"
      ))
  }

  /// What an app loads gives the bits that the command gives.
  @Test(arguments: [("FramesGRU", "FramesGRU"), ("Wave", "Wave")])
  func theRuntimeTakesTheDescription(name: String, golden: String) throws {
    let path = try converted(name, "safetensors")
    let reader = try LipReader(path: path)
    #expect(reader.architecture == name)
    let run = try torchport("predict", path, network(golden + ".npz"), "--json")
    let expected = try #require(run.json?["predictions"]?.array)
    let size = reader.input.reduce(1, *)
    // All zeros and all ones are the last two clips of the golden.
    let found = try reader.classify(
      [0, 1].map { LipReader.Clip([Float](repeating: $0, count: size)) })
    for (ours, theirs) in zip(found, expected.suffix(2)) {
      let rows = try #require(theirs["probabilities"]?.array)
      #expect(rows.compactMap { $0["logit"]?.double.map { Float($0) } } == ours.logits)
      #expect(rows.compactMap { $0["probability"]?.double.map { Float($0) } } == ours.probabilities)
      #expect(ours.className == theirs["class"]?.string)
    }
  }
}
