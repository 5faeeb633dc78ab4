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

  private func clip() throws -> LipReader.Clip {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture("clips/uint8.npy")))
    return LipReader.Clip(data.suffix(32 * 64 * 96).map { Float($0) / 255 })
  }

  /// 45 gray frames of 40 x 60, as a camera hands them over.
  private func frames() throws -> [GrayFrame] {
    let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture("frames/clip.pgms"))))
    let header = "P5\n60 40\n255\n".utf8.count
    return try stride(from: 0, to: data.count, by: header + 2_400).map { start in
      try GrayFrame(
        data.span.extracting(start + header..<start + header + 2_400), width: 60, height: 40,
        format: .gray)
    }
  }

  @Test func seesWhatPyTorchSees() throws {
    let reader = try LipReader(path: converted([]))
    #expect(reader.architecture == "LightweightCNNLSTM")
    #expect(reader.input == [1, 32, 64, 96])
    #expect(reader.classes == ["doctor", "i_need_to_move", "my_mouth_is_dry", "pillow"])
    reader.prepare(threads: 2)
    let clip = try clip()
    let found = try reader.classify([clip, clip], threads: 2)
    #expect(found.count == 2 && found[0] == found[1])
    #expect(try reader.classify(clip) == found[0])
    #expect(try reader.logits(clip) == found[0].logits)
    let expected = try JSONValue(
      parsing: String(contentsOfFile: fixture("clips/expected.json"), encoding: .utf8))
    let known = try #require(expected["clips"]?["uint8.npy"])
    #expect(found[0].className == known["predicted"]?.string)
    for (ours, theirs) in zip(found[0].logits, known["float64"]?["logits"]?.array ?? []) {
      // Four times the largest error of PyTorch's own float32 logits (rounding.json: 1.2e-6).
      #expect(abs(Double(ours) - (theirs.double ?? .nan)) < 5e-6)
    }
    let short = LipReader.Clip(Array(clip.values.dropLast()))
    #expect(throws: PortError.self) { try reader.logits(short) }
    #expect(throws: PortError.self) { try reader.classify([clip, short]) }
    #expect(try reader.logits([]) == [])
  }

  /// OpenCV prepared the same frames and PyTorch classified them: fixtures/frames.py.
  @Test(arguments: FrameSampling.allCases)
  func seesWhatPyTorchSeesInFrames(sampling: FrameSampling) throws {
    let text = try String(contentsOfFile: fixture("frames/expected.json"), encoding: .utf8)
    let known = try #require(try JSONValue(parsing: text)["clip"]?[sampling.rawValue])
    let reader = try LipReader(path: converted([]))
    let found = try reader.classify(reader.clip(frames: frames(), sampling: sampling))
    #expect(found.className == known["predicted"]?.string)
    let logits = (known["float64_logits"]?.array ?? []).compactMap(\.double)
    #expect(logits.count == 4)
    for (ours, theirs) in zip(found.logits, logits) { #expect(abs(Double(ours) - theirs) < 5e-6) }
    #expect(throws: PortError.self) { try reader.clip(frames: []) }
  }

  /// A window finds what the clip of its frames is, whatever came before and whoever else looks.
  @Test func aWindowOverAStream() throws {
    let reader = try LipReader(path: converted([]))
    let frames = try frames()
    var window = try LipReader.Window(reader, stride: 5)
    #expect(window.clip == nil)
    var found: [Int: Classification] = [:]
    for (number, frame) in frames.enumerated() {
      found[number + 1] = try window.add(frame)
      if number == 19 {
        // A stream that ends early is a clip that is padded.
        #expect(window.clip == (try reader.clip(frames: Array(frames[..<20]))))
      }
    }
    #expect(window.count == 45)
    #expect(found.keys.sorted() == [32, 37, 42])
    for (count, seen) in found {
      let clip = try reader.clip(frames: Array(frames[count - 32..<count]))
      #expect(seen == (try reader.classify(clip)))
    }
    #expect(window.clip == (try reader.clip(frames: Array(frames[13...]))))
    var copy = window
    window.reset()
    #expect(window.count == 0 && window.clip == nil)
    for frame in frames[..<31] { #expect(try window.add(frame) == nil) }
    #expect(try window.add(frames[31]) == found[32])
    // The copy went its own way: its 47th frame is a fifth one again.
    #expect(try copy.add(frames[0]) == nil)
    #expect(try copy.add(frames[1]) != nil)
    #expect(throws: PortError.self) { try LipReader.Window(reader, stride: 0) }
  }

  /// The file is mapped to be read and then let go, so that it may be replaced while the app runs.
  @Test func nothingOfTheFileIsKept() throws {
    let path = try converted([])
    let reader = try LipReader(path: path)
    let before = try reader.classify(clip())
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(try reader.classify(clip()) == before)
    reader.prepare()
    #expect(try reader.classify(clip()) == before)
  }

  /// Every precision gives the bits that the command gives.
  @Test(arguments: [
    [], ["--dtype", "float16"], ["--dtype", "bfloat16"], ["--dtype", "int8"],
    ["--fold-batch-norm"], ["--fold-batch-norm", "--dtype", "int8"], ["--keep", "all"],
  ]) func takesEveryPrecision(options: [String]) throws {
    let path = try converted(options)
    let run = try torchport("predict", path, fixture("clips/uint8.npy"), "--json")
    let theirs = run.json?["predictions"]?.array?.first?["probabilities"]?.array ?? []
    let ours = try LipReader(path: path).classify(try clip())
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
