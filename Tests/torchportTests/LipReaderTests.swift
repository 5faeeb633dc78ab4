import Foundation
import LipReading
import TPBytes
import TestSupport
import Testing

/// The runtime that an app links, on files that the command wrote.
@Suite struct LipReaderTests {
  static let best = fixture("run/best_lightweight_model.pth")
  let folder = TemporaryFolder()

  private func converted(_ options: [String]) throws -> String {
    let path = folder.file("model.safetensors")
    let run = try torchport(["convert", Self.best, "-o", path] + options)
    #expect(run.status == 0, "\(run.errors)")
    return path
  }

  private func clip() throws -> [Float] {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture("clips/uint8.npy")))
    return data.suffix(32 * 64 * 96).map { Float($0) / 255 }
  }

  @Test func seesWhatPyTorchSees() throws {
    let reader = try LipReader(path: converted([]))
    #expect(reader.architecture == "LightweightCNNLSTM")
    #expect(reader.input == [1, 32, 64, 96])
    #expect(reader.classes == ["doctor", "i_need_to_move", "my_mouth_is_dry", "pillow"])
    reader.prepare(threads: 2)
    let clip = try clip()
    let found = try reader.classify(clip + clip, threads: 2)
    #expect(found.count == 2 && found[0] == found[1])
    let expected = try JSONValue(
      parsing: String(contentsOfFile: fixture("clips/expected.json"), encoding: .utf8))
    let known = try #require(expected["clips"]?["uint8.npy"])
    #expect(found[0].className == known["predicted"]?.string)
    for (ours, theirs) in zip(found[0].logits, known["float64"]?["logits"]?.array ?? []) {
      // Four times the largest error of PyTorch's own float32 logits (rounding.json: 1.2e-6).
      #expect(abs(Double(ours) - (theirs.double ?? .nan)) < 5e-6)
    }
    #expect(throws: PortError.self) { try reader.logits(Array(clip.dropLast())) }
    #expect(try reader.logits([]) == [])
  }

  /// Every precision gives the bits that the command gives.
  @Test(arguments: [
    [], ["--dtype", "float16"], ["--dtype", "bfloat16"], ["--dtype", "int8"],
    ["--fold-batch-norm"], ["--fold-batch-norm", "--dtype", "int8"], ["--keep", "all"],
  ]) func takesEveryPrecision(options: [String]) throws {
    let path = try converted(options)
    let run = try torchport("predict", path, fixture("clips/uint8.npy"), "--json")
    let theirs = run.json?["predictions"]?.array?.first?["probabilities"]?.array ?? []
    let ours = try LipReader(path: path).classify(try clip())[0]
    #expect(theirs.compactMap { $0["logit"]?.double.map { Float($0) } } == ours.logits)
    #expect(ours.logits.count == 4)
  }

  /// A flipped bit anywhere is refused: each byte of the header, and 2,000 places of the tensors.
  @Test(arguments: [[], ["--dtype", "int8", "--fold-batch-norm"]])
  func refusesEveryFlippedBit(options: [String]) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: converted(options))))
    _ = try LipReader(SharedBytes(bytes))
    let header = 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    var random = SeededGenerator(seed: 20_261_122)
    let places =
      Array(0..<header)
      + (0..<2_000).map { _ in Int.random(in: header..<bytes.count, using: &random) }
    var taken = 0
    for place in places {
      let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
      bytes[place] ^= bit
      if (try? LipReader(SharedBytes(bytes))) != nil { taken += 1 }
      bytes[place] ^= bit
    }
    #expect(taken == 0)
  }

  @Test func refusesOtherFiles() throws {
    let other = fixture("run/best_lightweight_model.pth")
    #expect(throws: PortError.self) { try LipReader(path: other) }
    #expect(throws: PortError.self) { try LipReader(path: folder.file("missing.safetensors")) }
    // An ordinary safetensors file proves nothing.
    let header = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    var bytes: [UInt8] = [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0]
    bytes += Array(header.utf8) + [0, 0, 0, 0]
    let file = SharedBytes(bytes)
    do {
      _ = try LipReader(file)
      Issue.record("was taken")
    } catch {
      #expect(error.message.contains("without the checksums of a native weight file"))
    }
  }
}
