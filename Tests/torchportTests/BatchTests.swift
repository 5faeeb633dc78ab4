import Foundation
import TPBytes
import TestSupport
import Testing

/// Many files at once, outputs of every kind, and bytes that depend on the input alone.
@Suite struct BatchTests {
  let folder = TemporaryFolder()
  static let run = PathTests.checkpoints.map { fixture("run/\($0)") }

  private func checkSchema(_ run: Run) throws {
    var files: [String: JSONValue] = [:]
    let schemas = packageRoot.appendingPathComponent("docs/json")
    for name in try FileManager.default.contentsOfDirectory(atPath: schemas.path) {
      files[name] = try JSONValue(
        parsing: String(contentsOf: schemas.appendingPathComponent(name), encoding: .utf8))
    }
    let json = try #require(run.json, "\(run.output)\(run.errors)")
    #expect(JSONSchema(files: files).findings(json, file: "convert.json") == [])
  }

  @Test(arguments: ["h5", "safetensors"]) func aRunIsConverted(format: String) throws {
    let out = folder.file("out")
    let run = try torchport(
      ["convert"] + Self.run + ["--output-directory", out, "--format", format, "--json"])
    #expect(run.status == 0, "\(run.errors)")
    try checkSchema(run)
    #expect(run.errors == "")
    let files = try #require(run.json?["files"]?.array)
    #expect(files.map { $0["file"]?.string } == Self.run)
    // Each is what a conversion of it alone gives.
    for (input, file) in zip(Self.run, files) {
      let alone = folder.file("alone.\(format)")
      #expect(try torchport("convert", input, "-o", alone, "--force").status == 0)
      let output = try #require(file["output"]?.string)
      #expect(FileManager.default.contentsEqual(atPath: alone, andPath: output))
      #expect(file["status"] == 0)
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: out).sorted()
        == PathTests.checkpoints.map { $0.replacing(".pth", with: ".\(format)") }.sorted())
  }

  /// The options that change numbers hold for every file.
  @Test func aRunIsConvertedInFewerDigits() throws {
    let out = folder.file("out")
    let options = ["--dtype", "int8", "--fold-batch-norm"]
    let run = try torchport(
      ["convert"] + Self.run + ["--output-directory", out, "--format", "h5", "--json"] + options)
    #expect(run.status == 0, "\(run.errors)")
    try checkSchema(run)
    for input in Self.run {
      let name = (input as NSString).lastPathComponent.replacing(".pth", with: ".h5")
      let alone = folder.file(name)
      #expect(try torchport(["convert", input, "-o", alone] + options).status == 0)
      #expect(FileManager.default.contentsEqual(atPath: alone, andPath: out + "/" + name))
    }
  }

  @Test func oneFailureDoesNotStopTheOthers() throws {
    let files = [Self.run[0], fixture("misfits/missing_key.pth"), folder.file("none.pth")]
    let out = folder.file("out")
    let run = try torchport(["convert"] + files + ["--output-directory", out, "--json"])
    #expect(run.status == 2)
    try checkSchema(run)
    #expect(run.json?["files"]?.array?.map { $0["status"] } == [0, 2, 2])
    #expect(run.json?["files"]?.array?[1]["error"]?["kind"] == "mismatch")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: out) == [
        "best_lightweight_model.safetensors"
      ])
    let text = try torchport(
      ["convert"] + files + ["--output-directory", out, "--force"])
    #expect(text.status == 2)
    #expect(text.output.contains("1 of 3 files converted to safetensors"), "\(text.output)")
    #expect(text.output.contains("fc1.bias"))
  }

  @Test func verdictsOfManyAreOneStatus() throws {
    let run = try torchport(
      ["convert"] + Self.run + [
        "--output-directory", folder.file("out"), "--verify", fixture("goldens/bare.npz"),
        "--json",
      ])
    // The golden is of one of the three.
    #expect(run.status == 1)
    #expect(run.json?["files"]?.array?.map { $0["status"] } == [0, 1, 1])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("out")) == [
        "best_lightweight_model.safetensors"
      ])
  }

  @Test func wrongCallsDoNothing() throws {
    let out = folder.file("out")
    let twice = try torchport(
      "convert", Self.run[0], fixture("misfits/../run/best_lightweight_model.pth"),
      "--output-directory", out)
    #expect(twice.status == 64)
    #expect(twice.errors.contains("would both become"))
    let best = PathTests.best
    for arguments in [
      [best, best, "-o", folder.file("a.h5")], [best],
      [best, "-o", folder.file("a.h5"), "--output-directory", out],
      [best, "-o", folder.file("a.h5"), "--format", "h5"],
      [best, "--output-directory", out, "--format", "onnx"],
    ] {
      #expect(try torchport(["convert"] + arguments).status == 64, "\(arguments)")
    }
    #expect(folder.names == [])
    let none = try torchport(
      "convert", best, "--output-directory", folder.file("no/out"))
    #expect(none.status == 2)
    try Data([1]).write(to: URL(fileURLWithPath: folder.file("file")))
    #expect(
      try torchport("convert", best, "--output-directory", folder.file("file")).status == 2)
    #expect(folder.names == ["file"])
  }

  /// A link stays a link; what it stands for is replaced, with its permissions.
  @Test func linksAndPermissionsStay() throws {
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: folder.file("real"), withIntermediateDirectories: false)
    try Data([1]).write(to: URL(fileURLWithPath: folder.file("real/a.h5")))
    chmod(folder.file("real/a.h5"), 0o600)
    try manager.createSymbolicLink(
      atPath: folder.file("link.h5"), withDestinationPath: "real/a.h5")
    let run = try torchport(
      "convert", PathTests.best, "-o", folder.file("link.h5"), "--force")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try manager.destinationOfSymbolicLink(atPath: folder.file("link.h5")) == "real/a.h5")
    let attributes = try manager.attributesOfItem(atPath: folder.file("real/a.h5"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(attributes[.size] as? Int ?? 0 > 2_000_000)
    #expect(try manager.contentsOfDirectory(atPath: folder.file("real")) == ["a.h5"])
    // A link to nothing, a pipe and a device are refused.
    try manager.createSymbolicLink(atPath: folder.file("b.h5"), withDestinationPath: "nowhere")
    mkfifo(folder.file("c.h5"), 0o600)
    try manager.createSymbolicLink(atPath: folder.file("d.h5"), withDestinationPath: "/dev/null")
    for name in ["b.h5", "c.h5", "d.h5"] {
      let refused = try torchport(
        "convert", PathTests.best, "-o", folder.file(name), "--force")
      #expect(refused.status == 2, "\(name)")
    }
    #expect(folder.names == ["b.h5", "c.h5", "d.h5", "link.h5", "real"])
  }

  @Test(arguments: ["symbolic", "hard"]) func theOutputMayBeAnotherNameOfTheInput(
    kind: String
  ) throws {
    let manager = FileManager.default
    let path = folder.file("a.safetensors")
    #expect(try torchport("convert", PathTests.best, "-o", path).status == 0)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    if kind == "hard" {
      try manager.linkItem(atPath: path, toPath: folder.file("b.safetensors"))
    } else {
      try manager.createSymbolicLink(
        atPath: folder.file("b.safetensors"), withDestinationPath: "a.safetensors")
    }
    let run = try torchport("convert", path, "-o", folder.file("b.safetensors"), "--force")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("b.safetensors"))) == before)
    #expect(folder.names == ["a.safetensors", "b.safetensors"])
  }

  /// A signal leaves neither a half file nor a temporary one.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT]) func signals(number: Int32) throws {
    for round in 0..<6 {
      let process = Process()
      process.executableURL = commandURL
      process.arguments = ["convert", PathTests.best, "-o", folder.file("a.h5")]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      usleep(UInt32(15_000 * (round + 1)))
      kill(process.processIdentifier, number)
      process.waitUntilExit()
      if process.terminationReason == .exit {
        #expect(process.terminationStatus == 0)
        #expect(folder.names == ["a.h5"])
        try FileManager.default.removeItem(atPath: folder.file("a.h5"))
      } else {
        #expect(folder.names.filter { $0 != "a.h5" } == [])
        try? FileManager.default.removeItem(atPath: folder.file("a.h5"))
      }
    }
  }

  /// No clock, place, language, user or number of processors gets into a file.
  @Test(arguments: ["h5", "safetensors"]) func bytesDependOnTheInputAlone(format: String) throws {
    let manager = FileManager.default
    let first = folder.file("first.\(format)")
    #expect(try torchport("convert", PathTests.best, "-o", first).status == 0)
    let elsewhere = TemporaryFolder()
    try manager.copyItem(
      atPath: PathTests.best, toPath: elsewhere.file("best_lightweight_model.pth"))
    let script = #"umask 077; exec "$@""#
    for (place, environment) in [
      ["LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati"],
      ["LC_ALL": "de_DE.ISO-8859-1", "LANG": "ja_JP", "TZ": "UTC-14", "HOME": "/nonexistent"],
      ["HOME": elsewhere.path, "TMPDIR": elsewhere.path, "USER": "somebody"],
      ["LIBDISPATCH_COOPERATIVE_POOL_STRICT": "1"],
    ].enumerated() {
      let output = elsewhere.file("\(place).\(format)")
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = [
        "-c", place == 3 ? #"exec taskset -c 0 "$@""# : script, "sh", commandURL.path, "convert",
        "best_lightweight_model.pth", "-o", "\(place).\(format)",
      ]
      process.currentDirectoryURL = URL(fileURLWithPath: elsewhere.path)
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      #expect(manager.contentsEqual(atPath: first, andPath: output), "\(environment)")
    }
  }
}
