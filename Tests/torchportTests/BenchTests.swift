import Foundation
import TPBytes
import TestSupport
import Testing

@Suite struct BenchTests {
  let folder = TemporaryFolder()
  private let best = fixture("run/best_lightweight_model.pth")
  #if arch(arm64)
    private static let first = "neon"
  #else
    private static let first = "portable"
  #endif

  @Test func everyJobOfACheckpointAndItsGolden() throws {
    let run = try torchport(
      "bench", best, "--golden", fixture("goldens/middle_logits.npz"), "--architecture",
      "LightweightCNNLSTM", "--runs", "2", "--batch", "1,2", "--threads", "1", "--json",
      environment: ["TMPDIR": folder.path])
    // The golden is of other weights: its verdict is not asked for, only its time.
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(run.json)
    #expect(try JSONSchema.documented().findings(json, file: "bench.json") == [])
    let jobs = try #require(json["jobs"]?.array)
    #expect(
      jobs.compactMap { $0["job"]?.string } == [
        "open", "load and touch every tensor", "hash every tensor", "convert to safetensors",
        "convert to hdf5", "diff with what was converted", "diff with every weight moved",
        "diff --quick with every weight moved",
        "native file to weights that are ready", "checkpoint to weights that are ready",
        "forward, the first call", "forward, 1 clip", "forward, 2 clips", "verify, 2 clips",
        "verify the logits alone, 2 clips",
      ])
    for job in jobs {
      #expect(job["runs"]?.int == 2)
      let median = try #require(job["median"]?.double)
      let least = try #require(job["least"]?.double)
      #expect(least > 0 && median >= least)
    }
    // Two clips, two operations for each multiply-add. Outputs times kernel times input channels of the
    // three convolutions, four steps of the LSTM's two matrices, fc1 and fc_out:
    // 3,145,728 x 27 + 1,572,864 x 432 + 294,912 x 864 + 4 x 512 x 1,280 + 8,192 + 256.
    let forward = try #require(jobs.first { $0["job"]?.string == "forward, 2 clips" })
    #expect(forward["operations"]?.int == 4 * 1_021_845_760)
    #expect(folder.names == [])
  }

  @Test func aFileOfNoKnownNetwork() throws {
    let run = try torchport(
      "bench", fixture("mapping/other.pth"), "--architecture", "none", "--runs", "1", "--json")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.json?["architecture"] == .null)
    #expect(run.json?["jobs"]?.array?.count == 8)
    let text = try torchport("bench", fixture("mapping/other.pth"), "--runs", "1")
    #expect(text.status == 0)
    #expect(text.output.contains("GB/s"))
    #expect(!text.output.contains("forward"))
  }

  @Test func someJobsWithOtherKernels() throws {
    let run = try torchport(
      "bench", best, "--runs", "1", "--only", "forward, 1 *", "--only", "dif*", "--kernels",
      "portable",
      "--threads", "2", "--json", environment: ["TMPDIR": folder.path])
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(run.json)
    #expect(json["machine"]?["kernels"]?.string == Self.first)
    #expect(
      json["jobs"]?.array?.compactMap { $0["job"]?.string } == [
        "diff with what was converted", "diff with every weight moved",
        "diff --quick with every weight moved", "forward, 1 clip",
      ])
    #expect(folder.names == [])
  }

  @Test func predictSaysTheSameWithOtherKernels() throws {
    let clip = fixture("clips/uint8.npy")
    let usual = try torchport("predict", best, clip, "--json")
    let other = try torchport("predict", best, clip, "--json", "--kernels", Self.first)
    #expect(usual.status == 0 && other.status == 0, "\(other.errors)")
    #expect(usual.output == other.output)
  }

  @Test func noJobIsWanted() throws {
    let run = try torchport("bench", fixture("mapping/other.pth"), "--runs", "1", "--only", "fly")
    #expect(run.status == 64)
    #expect(run.errors.contains("no job is wanted; there are: open; load and touch every tensor;"))
  }

  @Test func kernelsThatDoNotExist() throws {
    let run = try torchport("bench", best, "--kernels", "sse9")
    #expect(run.status == 64)
    #expect(run.errors.contains("this processor runs "))
    #expect(run.errors.contains(", not sse9"))
  }

  /// An earlier run, with its times as a multiple of what they were.
  private func earlier(_ factor: Double, processor: String? = nil) throws -> String {
    let path = folder.file("earlier.json")
    let run = try torchport("bench", fixture("mapping/other.pth"), "--runs", "3", "--json")
    var root = try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let jobs = try #require(root["jobs"] as? [[String: Any]])
    root["jobs"] = jobs.map { job in
      var job = job
      job["median"] = (job["median"] as? Double ?? 0) * factor
      job["spread"] = 0.0
      return job
    }
    var machine = try #require(root["machine"] as? [String: Any])
    if let processor { machine["processor"] = processor }
    root["machine"] = machine
    try JSONSerialization.data(withJSONObject: root).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test(arguments: [
    (1e-6, nil, 1 as Int32, "SLOWER"), (1e6, nil, 0, "faster"),
    (1e6, "Another 4000", 3, "Another 4000"),
  ])
  func againstAnEarlierRun(
    factor: Double, processor: String?, status: Int32, says: String
  ) throws {
    let path = try earlier(factor, processor: processor)
    let run = try torchport(
      "bench", fixture("mapping/other.pth"), "--runs", "1", "--compare", path)
    #expect(run.status == status, "\(run.output)\(run.errors)")
    #expect(run.output.contains(says), "\(run.output)")
  }

  @Test(arguments: [
    ("{}", "not what `bench --json` printed"), ("[", "JSON"),
    (#"{"command": "bench", "jobs": [{"job": "open"}]}"#, "without its times (key jobs[0])"),
  ])
  func whatIsNoEarlierRun(text: String, says: String) throws {
    try text.write(toFile: folder.file("a.json"), atomically: true, encoding: .utf8)
    // Before anything is measured: not even the checkpoint is looked at.
    let run = try torchport("bench", folder.file("none.pth"), "--compare", folder.file("a.json"))
    #expect(run.status == 2)
    #expect(run.errors.contains("a.json") && run.errors.contains(says), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1)
  }

  @Test(arguments: [
    ["--threads", "0"], ["--threads", "1,,2"], ["--batch", "many"], ["--runs", "0"],
  ])
  func wrongUsage(arguments: [String]) throws {
    #expect(try torchport(["bench", best] + arguments).status == 64)
  }
}
