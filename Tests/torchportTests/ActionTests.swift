import Foundation
import TPBytes
import TestSupport
import Testing

/// The scripts of .github/actions/verify, run as a runner of GitHub Actions runs them.
@Suite struct ActionTests {
  let folder = TemporaryFolder()
  static let action = packageRoot.appendingPathComponent(".github/actions/verify")
  static let golden = fixture("goldens/bare.npz")

  private func step(_ script: String, _ environment: [String: String]) throws -> Run {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    for name in ["summary", "output", "path"] {
      if !folder.names.contains(name) {
        try "".write(toFile: folder.file(name), atomically: true, encoding: .utf8)
      }
    }
    let runner = [
      "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": folder.file("summary"),
      "GITHUB_OUTPUT": folder.file("output"), "GITHUB_PATH": folder.file("path"),
      "RUNNER_TEMP": folder.path,
      "PATH": commandURL.deletingLastPathComponent().path + ":" + path,
    ]
    return try #require(Program("bash")).run(
      Self.action.appendingPathComponent(script).path,
      environment: runner.merging(environment) { $1 }, folder: folder.path)
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: folder.file(name), encoding: .utf8)
  }

  @Test func parityThatHolds() throws {
    let run = try step(
      "verify.sh",
      [
        "TORCHPORT_WEIGHTS": fixture("run/best_lightweight_model.pth"),
        "TORCHPORT_GOLDENS": "  \(Self.golden)  \n\n",
      ])
    #expect(run.status == 0, "\(run.errors)")
    let reports = folder.file("torchport-reports")
    #expect(try text("output") == "verdict=holds\nreports=\(reports)\n")
    for name in ["parity.xml", "parity.html", "parity.md", "parity.json"] {
      let size = try FileManager.default.attributesOfItem(atPath: "\(reports)/\(name)")[.size]
      #expect((size as? Int ?? 0) > 300, "\(name)")
    }
    #expect(try text("summary") == text("torchport-reports/parity.md"))
    #expect(run.output.contains(try text("torchport-reports/parity.md")))
    #expect(!run.errors.contains("::error"))
    // The artifact of one run is what the next is held against.
    let again = try step(
      "verify.sh",
      [
        "TORCHPORT_WEIGHTS": fixture("run/best_lightweight_model.pth"),
        "TORCHPORT_GOLDENS": Self.golden, "TORCHPORT_ARCHITECTURE": "LightweightCNNLSTM",
        "TORCHPORT_BASELINE": "\(reports)/parity.json",
      ])
    #expect(again.status == 0, "\(again.errors)")
  }

  @Test(arguments: [
    ("run/checkpoint_epoch_5.pth", "goldens/bare.npz", Int32(1), "broken"),
    ("run/best_lightweight_model.pth", "suspects/train.npz", 1, "golden_suspect"),
    ("run/best_lightweight_model.pth", "guide/heartbeat.npz", 2, "failed"),
    ("run/best_lightweight_model.pth", "make.sh", 2, "failed"),
    ("run/none.pth", "goldens/bare.npz", 2, "failed"),
  ])
  func parityThatDoesNot(weights: String, golden: String, status: Int32, verdict: String) throws {
    let run = try step(
      "verify.sh",
      ["TORCHPORT_WEIGHTS": fixture(weights), "TORCHPORT_GOLDENS": fixture(golden)])
    #expect(run.status == status, "\(run.errors)")
    #expect(try text("output").hasPrefix("verdict=\(verdict)\n"))
    #expect((run.output + run.errors).contains("::error title="), "\(run.errors)")
  }

  @Test func noGoldenIsWrongUsage() throws {
    let run = try step("verify.sh", ["TORCHPORT_WEIGHTS": "a.pth", "TORCHPORT_GOLDENS": " \n"])
    #expect(run.status == 64)
    #expect(run.output.hasPrefix("::error"))
  }

  /// A tarball in the layout of `make dist`, whose command only says that it ran.
  private func tarball() throws -> (path: String, digest: String) {
    let bin = folder.file("torchport-0/bin")
    try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
    let script = "#!/bin/sh\necho ran \"$@\"\n"
    try script.write(toFile: bin + "/torchport", atomically: true, encoding: .utf8)
    chmod(bin + "/torchport", 0o755)
    let path = folder.file("release.tar.gz")
    let tar = try #require(Program("tar"))
    #expect(try tar.run("-czf", path, "-C", folder.path, "torchport-0").status == 0)
    let sum = try #require(Program("sha256sum")).run(path).output
    return (path, String(sum.prefix(64)))
  }

  @Test func installsATarballWhoseChecksumIsRight() throws {
    let (path, digest) = try tarball()
    let run = try step(
      "install.sh", ["TORCHPORT_TARBALL": path, "TORCHPORT_SHA256": digest])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output == "ran --version\n")
    #expect(try text("path") == folder.file("torchport/bin") + "\n")
  }

  @Test(arguments: [
    ("", "needs its checksum"), (String(repeating: "0", count: 64), "the tarball has the SHA-256"),
  ])
  func installsNoOther(digest: String, says: String) throws {
    let path = try tarball().path
    let run = try step(
      "install.sh", ["TORCHPORT_TARBALL": path, "TORCHPORT_SHA256": digest])
    #expect(run.status == 2)
    #expect(run.output.hasPrefix("::error") && run.output.contains(says), "\(run.output)")
    #expect(try text("path") == "")
    #expect(!FileManager.default.fileExists(atPath: folder.file("torchport/bin")))
  }

  @Test func downloadsByHTTPSOnly() throws {
    let run = try step(
      "install.sh",
      ["TORCHPORT_TARBALL": "http://localhost/a.tar.gz", "TORCHPORT_SHA256": "0"])
    #expect(run.status == 2)
    #expect(run.output.contains("by https only"))
  }

  @Test func takesTheOneThatIsInstalled() throws {
    let run = try step("install.sh", [:])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try text("path") == commandURL.deletingLastPathComponent().path + "\n")
  }
}
