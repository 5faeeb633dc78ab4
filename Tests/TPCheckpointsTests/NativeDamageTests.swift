import Foundation
import TPBytes
import TPCheckpoints
import TPSafeTensors
import TPTensors
import TestSupport
import Testing

/// One flipped bit anywhere in a native file is found when the file is opened or, at the latest, when
/// the bytes of its tensors are used: nothing is ever loaded wrong.
@Suite struct NativeDamageTests {
  private func native(_ name: String, under key: String?) throws -> [UInt8] {
    let fixtures =
      fixture("")
    let checkpoint = try CheckpointFile.open(path: fixtures + name)
    let model = checkpoint.tensors.filter { key == nil || $0.path.first == key }
    let tensors = try StateDict(
      model.map { ($0.path.dropFirst(key == nil ? 0 : 1).joined(separator: "."), $0.tensor) })
    let content = try ContentDigest(of: tensors)
    let contents = WeightFile(
      tensors: tensors,
      facts: [
        "architecture": "none", "batch_norm": "separate", "parameters": "1",
        "digest": content.description, "source.digest": content.description,
      ], digests: content.tensors)
    let path = FileManager.default.temporaryDirectory
      .appending(path: UUID().uuidString + ".safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try CheckpointFile.write(contents, format: .safetensors, to: path, replacing: false)
    return try SharedBytes(path: path).region.array()
  }

  /// Whether the file is opened and every tensor's bytes are handed out.
  private func isLoaded(_ bytes: [UInt8]) -> Bool {
    do throws(PortError) {
      let checkpoint = try SafeTensors.read(SharedBytes(bytes))
      for record in checkpoint.tensors { _ = try record.tensor.contiguousBytes() }
      return true
    } catch {
      return false
    }
  }

  /// Every bit of every byte of a file with tied tensors and several types.
  @Test func everyBitOfASmallFile() throws {
    var bytes = try native("written/ties.pth", under: nil)
    #expect(isLoaded(bytes))
    var loaded: [Int] = []
    for place in bytes.indices {
      for bit in 0..<8 {
        bytes[place] ^= 1 << bit
        if isLoaded(bytes) { loaded.append(place) }
        bytes[place] ^= 1 << bit
      }
    }
    #expect(loaded == [])
    #expect(bytes.count > 1_500)
  }

  /// 2,000 places of the fixture checkpoint's file, a seeded bit of each; half of them in the header.
  @Test func placesOfARealFile() throws {
    var bytes = try native("run/best_lightweight_model.pth", under: "model_state_dict")
    #expect(isLoaded(bytes))
    let header = 8 + Int(bytes[0]) + Int(bytes[1]) << 8 + Int(bytes[2]) << 16
    var state: UInt64 = 0x5EED
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var loaded: [Int] = []
    for number in 0..<2_000 {
      let place = next(number % 2 == 0 ? header : bytes.count)
      let bit = next(8)
      bytes[place] ^= 1 << bit
      if isLoaded(bytes) { loaded.append(place) }
      bytes[place] ^= 1 << bit
    }
    #expect(loaded == [])
    #expect(isLoaded(bytes))
  }
}
