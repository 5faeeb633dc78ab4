import Foundation
import TPBytes
import Testing

/// Files in fewer digits and with folded batch norms, as the user makes and uses them.
@Suite struct PrecisionCommandTests {
  private static let best = fixture("run/best_lightweight_model.pth")
  private static let golden = fixture("goldens/best.npz")

  private let folder = TemporaryFolder()
  private let schemas: JSONSchema

  init() throws { schemas = try JSONSchema.documented() }

  private func convert(_ name: String, _ options: [String]) throws -> JSONValue {
    let path = folder.file(name)
    let run = try torchport(["convert", Self.best, "-o", path, "--json"] + options)
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(run.json)
    #expect(schemas.findings(json, file: "convert.json") == [])
    return json
  }

  /// Bytes of the file as a part of the exact file's.
  @Test(
    arguments: [
      ("safetensors", ["--dtype", "float16"], "float16", 0.502),
      ("h5", ["--dtype", "bfloat16"], "bfloat16", 0.51),
      ("safetensors", ["--dtype", "int8"], "mixed", 0.26),
      ("h5", ["--dtype", "int8", "--fold-batch-norm"], "mixed", 0.27),
      ("safetensors", ["--dtype", "float16", "--fold-batch-norm"], "float16", 0.51),
    ] as [(String, [String], String, Double)])
  func lossyFilesAreRunAndJudged(
    format: String, options: [String], precision: String, share: Double
  ) throws {
    let name = "model.\(format)"
    let json = try convert(name, options)
    #expect(json["precision"]?.string == precision)
    #expect(json["roundings"]?.array?.isEmpty == false)
    #expect(try #require(json["bytes"]?.double) < share * 2_900_000)

    let verified = try torchport(
      "verify", folder.file(name), "--golden", Self.golden, "--json")
    #expect(verified.status == 0, "\(verified.output)")
    let report = try #require(verified.json)
    #expect(schemas.findings(report, file: "verify.json") == [])
    #expect(report["verdict"] == "holds")
    #expect(report["price"]?["reference"] == "golden")
    #expect(report["price"]?["flipped"] == [])
    // The price is far beyond the noise; the arithmetic is within it.
    #expect(try #require(report["price"]?["drift"]?["rms"]?.double) > 100)
    for activation in report["activations"]?.array ?? [] where activation["port"]?.members != nil {
      let rms = try #require(activation["port"]?["rms"]?.double)
      #expect(rms < 1, "\(activation)")
    }
    let predicted = try torchport(
      "predict", folder.file(name), fixture("clips/uint8.npy"), "--json")
    #expect(predicted.status == 0)
    let expected = try JSONValue(
      parsing: String(contentsOfFile: fixture("clips/expected.json"), encoding: .utf8))
    #expect(
      predicted.json?["predictions"]?.array?.first?["class"]
        == expected["clips"]?["uint8.npy"]?["predicted"])
  }

  /// In text, and with the outputs that are no more.
  @Test func aFoldedFileIsJudgedByTheGolden() throws {
    let json = try convert("folded.h5", ["--fold-batch-norm"])
    #expect(json["batch_norm"] == "folded")
    #expect(json["precision"] == "mixed")
    #expect(json["parameters"] == 720_724)
    #expect(json["folded"]?.array?.count == 4)
    let path = folder.file("folded.h5")
    let run = try torchport("verify", path, "--golden", Self.golden, "--json")
    #expect(run.status == 0, "\(run.output)")
    #expect(run.json?["price"] == .null)
    let activations = run.json?["activations"]?.array ?? []
    let absent = activations.filter { $0["status"] == "absent" }
    #expect(absent.map { $0["name"] } == ["conv3d1", "conv3d2", "conv3d3", "fc1"])
    #expect(absent.allSatisfy { $0["problem"]?.string?.contains("is folded into it") == true })
    for activation in activations where activation["status"] != "absent" {
      #expect(activation["status"] == "holds")
      // Both engines' noise is that of the network: neither is near a line.
      #expect(try #require(activation["golden"]?["rms"]?.double) < 1)
      #expect(try #require(activation["golden"]?["max"]?.double) < 12)
    }
    let text = try torchport("verify", path, "--golden", Self.golden)
    #expect(text.output.contains("absent: fc1, its batch norm is folded into it"))
    #expect(!text.output.contains("not recorded"))
    // The golden has what the network does not compute: that is no activation of another model.
    #expect(!text.output.contains("not of this model"))
  }

  @Test func inspectShowsWhatIsStored() throws {
    _ = try convert("a.safetensors", ["--dtype", "int8"])
    let run = try torchport(
      "inspect", folder.file("a.safetensors"), "--digest", "--filter", "conv3d1.weight*", "--json")
    #expect(run.status == 0)
    let tensors = run.json?["tensors"]?.array ?? []
    #expect(tensors.map { $0["name"] } == ["conv3d1.weight", "conv3d1.weight.scale"])
    #expect(tensors.map { $0["dtype"] } == ["int8", "float32"])
    #expect(tensors.map { $0["shape"] } == [[16, 1, 3, 3, 3], [16]])
  }

  @Test func theSameBytesTwiceAndByEitherWay() throws {
    let options = ["--dtype", "int8", "--fold-batch-norm"]
    _ = try convert("a.h5", options)
    _ = try convert("b.h5", options)
    #expect(
      FileManager.default.contentsEqual(
        atPath: folder.file("a.h5"), andPath: folder.file("b.h5")))
    let there = try torchport("convert", folder.file("a.h5"), "-o", folder.file("c.safetensors"))
    #expect(there.status == 0)
    let back = try torchport("convert", folder.file("c.safetensors"), "-o", folder.file("d.h5"))
    #expect(back.status == 0)
    #expect(back.output.contains("stored before as mixed"))
    #expect(
      FileManager.default.contentsEqual(
        atPath: folder.file("a.h5"), andPath: folder.file("d.h5")))
  }

  @Test func reportsAreTables() throws {
    let run = try torchport(
      "convert", Self.best, "-o", folder.file("a.h5"), "--dtype", "float16", "--fold-batch-norm")
    #expect(run.status == 0)
    #expect(run.output.contains("4 batch norms folded, 14 tensors converted to float16"))
    #expect(run.output.contains("bn_fc1 is folded into fc1, rounded once to float32"))
    #expect(run.output.contains("SQNR dB"))
    let exact = try torchport(
      "convert", Self.best, "-o", folder.file("b.h5"), "--dtype", "float64")
    #expect(exact.output.contains("exact\n"))
  }

  @Test func wrongCalls() throws {
    let type = try torchport("convert", Self.best, "-o", folder.file("a.h5"), "--dtype", "int4")
    #expect(type.status == 64)
    #expect(type.errors.contains("choose float16, bfloat16, float32, float64, int8"))
    let fold = try torchport(
      "convert", Self.best, "-o", folder.file("a.h5"), "--fold-batch-norm", "--architecture", "none"
    )
    #expect(fold.status == 64)
    #expect(folder.names == [])
  }
}
