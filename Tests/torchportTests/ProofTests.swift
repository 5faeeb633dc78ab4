import Foundation
import TPBytes
import TestSupport
import Testing

/// `verify` without a golden, `verify --source` and `convert --verify`.
@Suite struct ProofTests {
  let folder = TemporaryFolder()
  static let best = PathTests.best

  private func convert(_ name: String, _ options: String...) throws -> String {
    let run = try torchport(
      ["convert", Self.best, "-o", folder.file(name), "--force"] + options)
    #expect(run.status == 0, "\(run.errors)")
    return folder.file(name)
  }

  private func outcomes(_ run: Run) -> [String: String] {
    var found: [String: String] = [:]
    for check in run.json?["checks"]?.array ?? [] {
      found[check["name"]?.string ?? ""] = check["outcome"]?.string
    }
    return found
  }

  private func checkSchema(_ run: Run, _ file: String) throws {
    var files: [String: JSONValue] = [:]
    let schemas = packageRoot.appendingPathComponent("docs/json")
    for name in try FileManager.default.contentsOfDirectory(atPath: schemas.path) {
      files[name] = try JSONValue(
        parsing: String(contentsOf: schemas.appendingPathComponent(name), encoding: .utf8))
    }
    let json = try #require(run.json, "\(run.output)\(run.errors)")
    #expect(JSONSchema(files: files).findings(json, file: file) == [])
  }

  /// Without an architecture running statistics are no parameters either, by their names.
  @Test(arguments: ["safetensors", "h5", "pth", "npz"])
  func parametersWithoutAnArchitecture(ending: String) throws {
    let folder = TemporaryFolder()
    let path = folder.file("weights." + ending)
    let converted = try torchport(
      "convert", fixture("run/best_lightweight_model.pth"), "-o", path, "--architecture", "none")
    #expect(converted.output.contains("721,044 parameters"), "\(converted.output)")
    let verified = try torchport("verify", path)
    #expect(verified.status == 0, "\(verified.output)")
  }

  @Test(arguments: ["h5", "safetensors"]) func whatAWeightFileStatesIsProven(format: String) throws
  {
    let run = try torchport("verify", convert("a.\(format)"), "--json")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    try checkSchema(run, "verify.json")
    #expect(run.json?["verdict"] == "holds")
    let found = outcomes(run)
    for name in ["checksums", "digest", "architecture", "parameters", "classes", "aliases"] {
      #expect(found[name] == "proven", "\(name)")
    }
    #expect(found["source"] == "stated")
    #expect(found["parity"] == "absent")
    #expect(
      run.json?["digest"]
        == "cd85e4e60d5858c93df75d82f97519363a26489a41cc610400b8abb393640277")
  }

  @Test func aCheckpointProvesItsChecksums() throws {
    let run = try torchport("verify", Self.best, "--json")
    #expect(run.status == 0)
    let found = outcomes(run)
    #expect(found["checksums"] == "proven")
    #expect(found["digests"] == "absent")
    // A file that states nothing cannot be proven.
    let plain = try torchport("verify", fixture("clips/uint8.npy"), "--json")
    #expect(plain.status == 3)
    #expect(plain.json?["verdict"] == "undecided")
    #expect(try torchport("verify", folder.file("none")).status == 2)
  }

  @Test(arguments: [4, 200, 3_000, 20_000, 1_000_000, -1]) func aFlippedBitIsFound(
    place: Int
  ) throws {
    let path = try convert("a.safetensors")
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    data[place < 0 ? data.count + place : place] ^= 1
    try data.write(to: URL(fileURLWithPath: path))
    let run = try torchport("verify", path, "--json")
    #expect([1, 2].contains(run.status), "\(run.output)")
    try checkSchema(run, "verify.json")
  }

  @Test(arguments: ["h5", "safetensors"]) func tensorsAreThoseOfTheSource(format: String) throws {
    let path = try convert("a.\(format)")
    let run = try torchport("verify", path, "--source", Self.best, "--json")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    try checkSchema(run, "verify.json")
    let rows = try #require(run.json?["source"]?["tensors"]?.array)
    #expect(rows.count == 34)
    #expect(rows.allSatisfy { $0["status"] == "identical" })
    #expect(run.json?["source"]?["is_named"] == true)
    let other = try torchport("verify", path, "--source", PathTests.early, "--json")
    #expect(other.status == 1)
    #expect(other.json?["source"]?["is_named"] == false)
    let first = other.json?["source"]?["tensors"]?.array?.first
    #expect(first?["status"] == "different")
    #expect(first?["first_difference"]?.int != nil)
    #expect(try torchport("verify", path, "--source", folder.file("none")).status == 2)
    #expect(
      try torchport("verify", path, "--source", Self.best, "--golden", "a.npz").status == 64)
  }

  @Test func aMapIsDoneAgainToTheSource() throws {
    let path = folder.file("a.safetensors")
    let source = fixture("mapping/other.pth")
    let run = try torchport(
      "convert", source, "-o", path, "--architecture", "none", "--map",
      fixture("mapping/there.json"))
    #expect(run.status == 0, "\(run.errors)")
    let proof = try torchport("verify", path, "--source", source, "--json")
    #expect(proof.status == 0, "\(proof.output)\(proof.errors)")
    let rows = try #require(proof.json?["source"]?["tensors"]?.array)
    #expect(rows.count == 17)
    #expect(rows.first?["changes"] == ["permuted by [4, 3, 0, 1, 2]"])
  }

  /// What was cast, quantised or folded is done again to the source, and compared bit by bit; also
  /// where it was stored in a wider type afterwards.
  @Test(arguments: [
    ["--dtype", "float16"], ["--dtype", "bfloat16"], ["--dtype", "float64"], ["--dtype", "int8"],
    ["--fold-batch-norm"], ["--fold-batch-norm", "--dtype", "float16"],
    ["--fold-batch-norm", "--dtype", "int8"],
  ]) func whatIsDeclaredIsDoneAgainToTheSource(options: [String]) throws {
    for name in ["a.safetensors", "a.h5"] {
      let path = folder.file(name)
      let run = try torchport(["convert", Self.best, "-o", path] + options)
      #expect(run.status == 0, "\(run.errors)")
      let proof = try torchport("verify", path, "--source", Self.best, "--json")
      #expect(proof.status == 0, "\(proof.output)\(proof.errors)")
      try checkSchema(proof, "verify.json")
      let rows = try #require(proof.json?["source"]?["tensors"]?.array)
      #expect(rows.allSatisfy { $0["status"] == "identical" })
      #expect(rows.contains { $0["changes"] != [] })
    }
    let wide = folder.file("wide.safetensors")
    let widened = try torchport(
      "convert", folder.file("a.safetensors"), "-o", wide, "--dtype", "float32")
    #expect(widened.status == 0, "\(widened.errors)")
    let proof = try torchport("verify", wide, "--source", Self.best)
    #expect(proof.status == 0, "\(proof.output)\(proof.errors)")
    // Against the file that it was made from, too.
    let near = try torchport("verify", wide, "--source", folder.file("a.safetensors"), "--json")
    let rows = try #require(near.json?["source"]?["tensors"]?.array)
    #expect(rows.allSatisfy { $0["status"] == "identical" }, "\(near.output)")
    #expect(
      try torchport("verify", folder.file("a.h5"), "--source", PathTests.early).status == 1)
  }

  @Test func whatAgreesWithTheGoldenIsWrittenAndSaysSo() throws {
    let golden = fixture("goldens/bare.npz")
    for format in ["h5", "safetensors"] {
      let path = folder.file("a.\(format)")
      let run = try torchport("convert", Self.best, "-o", path, "--verify", golden, "--json")
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      try checkSchema(run, "convert.json")
      #expect(run.json?["verification"]?["verdict"] == "holds")
      let proof = try torchport("verify", path, "--json")
      #expect(outcomes(proof)["parity"] == "stated")
      let digest = try #require(run.json?["verification"]?["golden_digest"]?.string)
      #expect(proof.output.contains(digest))
    }
    // The same bytes whoever converts again, and what was proven is carried to another format.
    let again = try torchport(
      "convert", folder.file("a.h5"), "-o", folder.file("b.safetensors"))
    #expect(again.status == 0)
    #expect(
      FileManager.default.contentsEqual(
        atPath: folder.file("a.safetensors"), andPath: folder.file("b.safetensors")))
  }

  @Test func whatDoesNotAgreeIsNotWritten() throws {
    let path = folder.file("a.safetensors")
    let run = try torchport(
      "convert", Self.best, "-o", path, "--verify", fixture("goldens/middle_logits.npz"), "--json")
    #expect(run.status == 1)
    try checkSchema(run, "convert.json")
    #expect(run.json?["verification"]?["verdict"] == "broken")
    #expect(run.json?["bytes"] == .null)
    #expect(folder.names == [])
    try Data([1]).write(to: URL(fileURLWithPath: path))
    let kept = try torchport(
      "convert", Self.best, "-o", path, "--force", "--verify",
      fixture("goldens/middle_logits.npz"))
    #expect(kept.status == 1)
    #expect(kept.output.contains("parity does NOT hold"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1]))
    #expect(folder.names == ["a.safetensors"])
    // A golden that is none.
    #expect(
      try torchport("convert", Self.best, "-o", folder.file("b.h5"), "--verify", Self.best).status
        == 2)
    #expect(folder.names == ["a.safetensors"])
  }
}
