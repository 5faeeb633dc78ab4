import Foundation
import TPBytes
import TPCheckpoints
import TPTensors
import TPTorchFiles
import TestSupport
import Testing

/// Damaged copies of a checkpoint; what must be left of them is worked out by fixtures/recover.py from
/// the whole file's directory, which the copies lack.
@Suite struct RecoveryTests {
  private static let fixtures = packageRoot.appending(path: "fixtures")
  private static let best = fixtures.appending(path: "run/best_lightweight_model.pth")

  private static func json(_ name: String) throws -> JSONValue {
    let data = try Data(contentsOf: fixtures.appending(path: name))
    return try JSONValue(parsing: [UInt8](data).span.bytesView)
  }

  private func names(_ value: JSONValue?) -> [String] {
    (value?.array ?? []).compactMap(\.string)
  }

  private func recover(_ data: Data, _ output: String) throws -> RecoveredFile {
    let input = output + ".pth"
    try data.write(to: URL(filePath: input))
    return try CheckpointFile.recover(
      path: input, format: WeightFormat(outputPath: output), to: output, replacing: true)
  }

  @Test func cutsAndFlippedBits() throws {
    let folder = TemporaryFolder()
    let output = folder.file("saved.safetensors")
    let known = try Self.json("expected/recover.json")
    let all = names(known["tensors"])
    let whole = try Data(contentsOf: Self.best)
    let original = try CheckpointFile.open(path: Self.best.path)
    #expect(all.count == 100)
    for item in try #require(known["cases"]?.array) {
      let offset = try #require(item["offset"]?.int)
      var data = whole
      if item["kind"] == "cut" {
        data = whole.prefix(offset)
      } else {
        data[offset] ^= 1 << UInt8(try #require(item["bit"]?.int))
      }
      let label = "\(item["kind"]?.string ?? "") at \(offset)"
      guard item["status"]?.int != 2 || item["lost"] == nil else {
        try? FileManager.default.removeItem(atPath: output)
        #expect(throws: PortError.self, "\(label)") { try recover(data, output) }
        #expect(!FileManager.default.fileExists(atPath: output))
        continue
      }
      if item["status"]?.int == 2 {
        #expect(throws: PortError.self, "\(label)") { try recover(data, output) }
        continue
      }
      let result = try recover(data, output)
      let lost = names(item["lost"])
      let unverified = names(item["unverified"])
      #expect(result.isWhole == lost.isEmpty, "\(label)")
      #expect(result.entries.map(\.record.name) == all, "\(label)")
      for entry in result.entries {
        let name = entry.record.name
        switch entry.state {
        case .intact:
          #expect(!lost.contains(name) && !unverified.contains(name), "\(label) \(name)")
        case .unverified: #expect(unverified.contains(name), "\(label) \(name)")
        case .lost: #expect(lost.contains(name), "\(label) \(name)")
        }
        #expect((entry.obstacle == nil) == !lost.contains(name))
      }
      // Not a byte differs from what was saved.
      let saved = try CheckpointFile.open(path: output)
      #expect(saved.tensors.count == all.count - lost.count)
      for record in saved.tensors.shuffled().prefix(10) {
        let source = try #require(original.tensors.first { $0.name == record.name })
        #expect(
          try record.tensor.contiguousBytes().array() == source.tensor.contiguousBytes().array(),
          "\(label) \(record.name)")
      }
    }
  }

  /// The gallery's own lists of what is complete in its damaged files.
  @Test func theGallery() throws {
    let folder = TemporaryFolder()
    let output = folder.file("saved.safetensors")
    var count = 0
    for item in try Self.json("gallery/expected.json").array ?? [] {
      guard let complete = item["inspect"]?["recover"]?["complete"] else { continue }
      count += 1
      let name = item["file"]?.string ?? ""
      let data = try Data(contentsOf: Self.fixtures.appending(path: "gallery/files/" + name))
      let expected = names(complete)
      var found: [String] = []
      do {
        found = try recover(data, output).entries.filter { $0.obstacle == nil }.map(\.record.name)
      } catch {
        #expect(error is PortError)
      }
      #expect(found == expected, "\(name)")
    }
    #expect(count >= 10)
  }

  /// fixtures/torch-files/make_tar_cuts.py: tar files of PyTorch 0.1, cut at every edge and damaged.
  @Test func tarFiles() throws {
    let folder = TemporaryFolder()
    let output = folder.file("saved.safetensors")
    for file in try Self.json("torch-files/tars.json").array ?? [] {
      let name = try #require(file["file"]?.string)
      let path = Self.fixtures.appending(path: "torch-files/" + name)
      let whole = try Data(contentsOf: path)
      let original = try CheckpointFile.open(path: path.path)
      let all = names(file["tensors"])
      #expect(original.tensors.map(\.name) == all)
      for item in try #require(file["cases"]?.array) {
        let offset = try #require(item["offset"]?.int)
        let left = names(item["left"])
        var data = whole
        if item["kind"] == "cut" { data = whole.prefix(offset) } else { data[offset] ^= 1 }
        let label = "\(name), \(item["kind"]?.string ?? "") at \(offset)"
        try? FileManager.default.removeItem(atPath: output)
        guard !left.isEmpty else {
          #expect(throws: PortError.self, "\(label)") { try recover(data, output) }
          #expect(!FileManager.default.fileExists(atPath: output))
          continue
        }
        let result = try recover(data, output)
        #expect(result.container == .torchTar)
        #expect(result.entries.map(\.record.name) == all, "\(label)")
        let written = result.entries.filter { $0.obstacle == nil }
        #expect(written.map(\.record.name) == left, "\(label)")
        // No checksum proves anything, and what is lost is not described by guesses.
        for entry in result.entries {
          let isLeft = left.contains(entry.record.name)
          #expect(entry.state.isLost == !isLeft && entry.state != .intact, "\(label)")
          let source = try #require(original.tensors.first { $0.name == entry.record.name }).tensor
          if entry.isDescribed {
            #expect(entry.record.tensor.shape == source.shape, "\(label)")
            #expect(entry.record.tensor.dtype == source.dtype, "\(label)")
          }
        }
        if item["kind"] == "flip" { continue }
        for record in try CheckpointFile.open(path: output).tensors {
          let source = try #require(original.tensors.first { $0.name == record.name }).tensor
          #expect(
            try record.tensor.contiguousBytes().array() == source.contiguousBytes().array(),
            "\(label) \(record.name)")
        }
      }
    }
  }

  /// What a legacy file leaves has no checksums: it is never called intact.
  @Test func aLegacyFileThatIsCut() throws {
    let folder = TemporaryFolder()
    let output = folder.file("saved.h5")
    let whole = try Data(
      contentsOf: Self.fixtures.appending(path: "gallery/files/legacy/mixed_dtypes.pth"))
    let names = ["a", "n", "h", "b", "c", "z", "last"]
    // The last storage is that of `last`, one float64 behind its count.
    for (cut, lost) in [(0, []), (1, ["last"]), (8, ["last"]), (60, ["h", "b", "c", "last"])] {
      let result = try recover(whole.prefix(whole.count - cut), output)
      #expect(result.container == .torchLegacy)
      #expect(result.entries.map(\.record.name) == names)
      #expect(result.entries.filter { $0.obstacle != nil }.map(\.record.name) == lost)
      #expect(result.entries.allSatisfy { $0.state != .intact })
    }
    #expect(throws: PortError.self) { try recover(whole.prefix(200), output) }
  }

  /// Of a storage that is cut, what lies before the cut is there.
  @Test func aViewInALegacyStorageThatIsCut() throws {
    let folder = TemporaryFolder()
    let whole = try Data(
      contentsOf: Self.fixtures.appending(path: "gallery/files/legacy/view_metadata.pth"))
    let output = folder.file("saved.safetensors")
    let all = try recover(whole, output).entries.map(\.record)
    let cut = try recover(whole.prefix(whole.count - 4), output)
    let last = all.map { record in
      record.tensor.shape.extents.indices.reduce(record.tensor.offset) {
        $0 + (record.tensor.shape[$1] - 1) * record.tensor.strides[$1]
      }
    }
    let end = try #require(last.max())
    let lost = zip(all, last).filter { $0.1 == end }.map(\.0.name)
    #expect(lost.count < all.count)
    #expect(cut.entries.filter { $0.obstacle != nil }.map(\.record.name) == lost)
    for (before, after) in zip(all, cut.entries) where after.obstacle == nil {
      #expect(
        try before.tensor.contiguousBytes().array() == after.record.tensor.contiguousBytes().array()
      )
    }
  }

  @Test func whatIsNoCheckpoint() throws {
    let folder = TemporaryFolder()
    for text in ["PK", "version https://git-lfs.github.com/spec/v1\n", "<!DOCTYPE html>"] {
      #expect(throws: PortError.self) {
        try recover(Data(text.utf8), folder.file("saved.safetensors"))
      }
    }
    #expect(throws: PortError.self) {
      try recover(
        Data(contentsOf: Self.fixtures.appending(path: "weight-files/stored.npz")),
        folder.file("saved.safetensors"))
    }
  }

  /// Hidden behind each other, headers must not cost the square of the file.
  @Test func headersThatOverlap() throws {
    let folder = TemporaryFolder()
    var header: [UInt8] = [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]
    let size = 3_000_000
    for _ in 0..<2 { header += (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } }
    header += [1, 0, 0, 0, UInt8(ascii: "a")]
    var file: [UInt8] = []
    for _ in 0..<100_000 { file += header }
    let started = ContinuousClock.now
    #expect(throws: PortError.self) {
      try recover(Data(file), folder.file("saved.safetensors"))
    }
    #expect(ContinuousClock.now - started < .seconds(20))
  }
}
