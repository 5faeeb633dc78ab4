import Foundation
import TPBytes
import TPCheckpoints
import TPTensors
import TestSupport
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
    let text = try torchport("verify", path, "--golden", Self.golden, "--verbose")
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
    #expect(type.errors.contains("takes float16, bfloat16, float32, float64 or int8, not int4"))
    let fold = try torchport(
      "convert", Self.best, "-o", folder.file("a.h5"), "--fold-batch-norm", "--architecture", "none"
    )
    #expect(fold.status == 64)
    #expect(folder.names == [])
  }
}

/// What files in fewer digits cost, held against a golden and against their source.
@Suite struct PrecisionProofTests {
  private static let best = fixture("run/best_lightweight_model.pth")
  private static let golden = fixture("goldens/best_full.npz")

  private let folder = TemporaryFolder()
  private let schemas: JSONSchema

  init() throws { schemas = try JSONSchema.documented() }

  private func convert(_ name: String, _ options: String...) throws -> Run {
    try torchport(["convert", Self.best, "-o", folder.file(name), "--json"] + options)
  }

  /// A golden of some validation clips, with PyTorch's logits or others.
  private func clips(_ places: [Int], logits: [Float]? = nil) throws -> String {
    let data = try CheckpointFile.open(path: fixture("validation.npz"))
    func tensor(_ name: String) throws -> Tensor {
      try #require(data.weights.first { $0.name == name }?.tensor)
    }
    let size = 32 * 64 * 96
    let pixels = try tensor("clips")
    let bytes = try pixels.contiguousBytes()
    var input: [Float] = []
    bytes.bytes.withUnsafeBytes { all in
      for place in places {
        input += all[place * size..<(place + 1) * size].map { Float($0) / 255 }
      }
    }
    let recorded = try tensor("logits").floats()
    let own = logits ?? places.flatMap { recorded[$0 * 4..<$0 * 4 + 4] }
    let shape = Shape(known: [places.count, 1, 32, 64, 96])
    let tensors = try StateDict([
      ("input", Tensor(floats: input, shape: shape)),
      ("logits", Tensor(floats: own, shape: Shape(known: [places.count, 4]))),
    ])
    let path = folder.file("golden.safetensors")
    try CheckpointFile.write(
      WeightFile(tensors: tensors, facts: [:], digests: [:]), format: .safetensors, to: path,
      replacing: true)
    return path
  }

  @Test func parityBeforeAndAfterAndThePriceAreTold() throws {
    let run = try convert(
      "a.safetensors", "--fold-batch-norm", "--dtype", "float16", "--verify", Self.golden)
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(run.json)
    #expect(schemas.findings(json, file: "convert.json") == [])
    let check = try #require(json["verification"])
    #expect(check["verdict"] == "holds")
    #expect(check["before"]?["verdict"] == "holds")
    let price = try #require(check["price"])
    #expect(price["reference"] == "original")
    #expect(price["precision"] == "float16")
    #expect(price["batch_norm"] == "folded")
    #expect(price["flipped"] == [])
    #expect(price["predictions"] == 2)
    let moved = try #require(price["drift"]?["max_abs"]?.double)
    #expect(moved > 1e-5 && moved < 0.01)
    #expect(price["certificate"]?["no_prediction_can_flip"] == true)

    // Of folding alone the logits stay within the noise.
    let folded = try convert("b.safetensors", "--fold-batch-norm", "--verify", Self.golden)
    #expect(folded.status == 0)
    #expect(folded.json?["verification"]?["verdict"] == "holds")
    let drift = try #require(folded.json?["verification"]?["price"]?["drift"]?["max"]?.double)
    #expect(drift < 5)
    // Where nothing is changed there is no price.
    let exact = try convert("c.safetensors", "--verify", Self.golden)
    #expect(exact.json?["verification"]?["before"] == .null)
    #expect(exact.json?["verification"]?["price"] == .null)
    // Of a file that was rounded before, the golden's record tells it.
    let again = try torchport(
      "convert", folder.file("a.safetensors"), "-o", folder.file("d.h5"), "--json", "--verify",
      Self.golden)
    #expect(again.status == 0)
    #expect(again.json?["verification"]?["price"]?["reference"] == "golden")
  }

  /// It is one of the original's, because that agrees with it; so the rounding is a price.
  @Test func aGoldenThatNamesNoWeights() throws {
    let golden = fixture("goldens/bare.npz")
    let run = try convert("a.safetensors", "--dtype", "int8", "--verify", golden)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.json?["verification"]?["verdict"] == "holds")
    #expect(run.json?["verification"]?["before"]?["verdict"] == "holds")
    #expect(run.json?["verification"]?["price"]?["reference"] == "original")
    // Of other weights it is not, and nothing is searched for.
    let other = try torchport(
      "convert", fixture("run/checkpoint_epoch_5.pth"), "-o", folder.file("b.h5"), "--dtype",
      "int8", "--verify", golden, "--json")
    #expect(other.status == 1, "\(other.errors)")
    #expect(other.json?["verification"]?["before"]?["verdict"] == "broken")
    #expect(folder.names == ["a.safetensors"])
  }

  /// What was declared is done to the source again, and every bit compared.
  @Test(
    arguments: [
      ["--dtype", "float16"], ["--dtype", "int8"], ["--dtype", "float64"], ["--fold-batch-norm"],
      ["--fold-batch-norm", "--dtype", "bfloat16"], ["--fold-batch-norm", "--dtype", "int8"],
    ])
  func theSourceProvesTheFile(options: [String]) throws {
    let path = folder.file("a.safetensors")
    #expect(try torchport(["convert", Self.best, "-o", path] + options).status == 0)
    let run = try torchport("verify", path, "--source", Self.best, "--json")
    #expect(run.status == 0, "\(run.output)")
    let rows = run.json?["source"]?["tensors"]?.array ?? []
    #expect(!rows.isEmpty)
    let wrong = try torchport(
      "verify", path, "--source", fixture("run/checkpoint_epoch_15.pth"), "--json")
    #expect(wrong.status == 1)
  }

  /// Also where int8 was made float32 again.
  @Test func theSourceProvesWhatWasWidenedAgain() throws {
    let path = folder.file("a.safetensors")
    let wide = folder.file("b.h5")
    #expect(try torchport("convert", Self.best, "-o", path, "--dtype", "int8").status == 0)
    #expect(try torchport("convert", path, "-o", wide, "--dtype", "float32").status == 0)
    let run = try torchport("verify", wide, "--source", Self.best)
    #expect(run.status == 0, "\(run.output)")
  }

  @Test func theBudgetKeepsEveryPredictionCertified() throws {
    let golden = try clips(Self.hardest)
    let options = ["--precision-budget", "--verify", golden]
    let run = try torchport(
      ["convert", Self.best, "-o", folder.file("a.safetensors"), "--json"] + options)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let json = try #require(run.json)
    #expect(schemas.findings(json, file: "convert.json") == [])
    let budget = try #require(json["budget"])
    let margin = try #require(budget["margin"]?.double)
    #expect(try #require(budget["max_error"]?.double) * 2 < margin)
    let tensors = try #require(budget["tensors"]?.array)
    #expect(tensors.count == 30)
    let price = try #require(json["verification"]?["price"]?["certificate"])
    #expect(price["no_prediction_can_flip"] == true)
    // The search computes only what lies after what it changes, with the bits of a whole run.
    #expect(price["max_error"] == budget["max_error"])
    #expect(price["margin"] == budget["margin"])
    #expect(try #require(json["bytes"]?.double) < 1_480_000)
    // The types are those that were chosen.
    let roundings = json["roundings"]?.array ?? []
    for tensor in tensors {
      let to = roundings.first { $0["name"] == tensor["name"] }?["to"] ?? "float32"
      #expect(tensor["chosen"] == to)
      let trials = tensor["trials"]?.array ?? []
      #expect(trials.last?["dtype"] == "float32")
      #expect(trials.last?["impact"] == trials.last?["impact"])
    }
    let again = try torchport(
      ["convert", Self.best, "-o", folder.file("b.safetensors")] + options)
    #expect(again.status == 0)
    #expect(again.output.contains("budget: smallest margin"))
    #expect(
      FileManager.default.contentsEqual(
        atPath: folder.file("a.safetensors"), andPath: folder.file("b.safetensors")))
  }

  /// The validation clips with the smallest margins in PyTorch's logits.
  private static let hardest = [11, 30]

  @Test func aBudgetThatCannotBeKeptIsNone() throws {
    let golden = try clips([0], logits: [1, 1, 0, 0])
    let run = try convert("a.safetensors", "--precision-budget", "--verify", golden)
    #expect(run.status == 3)
    #expect(run.errors.contains("even without rounding no prediction is certified"))
    #expect(folder.names == ["golden.safetensors"])
  }

  @Test func aBudgetNeedsAGoldenAndChoosesItself() throws {
    #expect(try convert("a.h5", "--precision-budget").status == 64)
    #expect(
      try convert("a.h5", "--precision-budget", "--dtype", "int8", "--verify", Self.golden).status
        == 64)
    #expect(
      try convert(
        "a.h5", "--precision-budget", "--architecture", "none", "--verify", Self.golden
      ).status == 64)
  }
}
