import Foundation
import TPBytes
import TPCheckpoints
import TPConversion
import TPTensors
import TestSupport
import Testing

private let corpus = ProcessInfo.processInfo.environment["TORCHPORT_CORPUS"]

/// Every file that can be read goes into each format and back into a .pth file: names, types, shapes
/// and every bit come back, or the format's lack of a type is told.
@Suite struct RoundTripTests {
  /// What became of files and formats.
  struct Tally {
    var files = 0
    var whole: [WeightFormat: Int] = [:]
    var refused: [WeightFormat: Int] = [:]
    /// Why nothing of a file can be converted.
    var unconverted: [String] = []
  }

  private static let formats: [WeightFormat] = [.safetensors, .hdf5, .torch, .npz]

  /// The tensors of a plan in one line each, digests included.
  private func summary(_ plan: ConversionPlan) -> [String] {
    plan.contents.tensors.entries.map { entry in
      "\(entry.name) \(entry.tensor.dtype.rawValue) \(entry.tensor.shape)"
        + " \(plan.contents.digests[entry.name] ?? "?")"
    }
  }

  private func plan(_ path: String) throws(PortError) -> ConversionPlan {
    try ConversionPlan(
      try CheckpointFile.open(path: path), sourceName: "source.pth",
      options: ConversionOptions(architecture: .none))
  }

  /// Takes one file through every format; complaints are recorded with its name.
  private func travel(_ path: String, in scratch: URL, _ tally: inout Tally) {
    let original: ConversionPlan
    do throws(PortError) {
      original = try plan(path)
    } catch {
      tally.unconverted.append("\(path): \(error)")
      return
    }
    tally.files += 1
    for format in Self.formats {
      let middle = scratch.appending(path: "middle.\(format.extensions[0])").path
      let back = scratch.appending(path: "back.pth").path
      do throws(PortError) {
        _ = try original.write(to: middle, format: format, replacing: true)
      } catch {
        // A refusal names a tensor and a way out, and is due.
        let lacks = original.contents.tensors.entries.contains { !format.holds($0.tensor.dtype) }
        #expect(lacks || error.kind == .unsupported, "\(path) as \(format): \(error)")
        #expect(error.kind == .unsupported, "\(path) as \(format): \(error)")
        #expect(error.remedy != nil, "\(path) as \(format): \(error)")
        tally.refused[format, default: 0] += 1
        continue
      }
      do throws(PortError) {
        let there = try plan(middle)
        #expect(summary(there) == summary(original), "\(path) as \(format)")
        #expect(there.digest == original.digest, "\(path) as \(format)")
        if format.keepsAliases {
          #expect(
            there.contents.tensors.sharing.aliases == original.contents.tensors.sharing.aliases,
            "\(path) as \(format)")
        }
        let needsOther = there.contents.tensors.entries.contains {
          !WeightFormat.torch.holds($0.tensor.dtype)
        }
        if needsOther { continue }
        _ = try there.write(to: back, format: .torch, replacing: true)
        let home = try plan(back)
        #expect(summary(home) == summary(original), "\(path) by \(format)")
        #expect(home.digest == original.digest, "\(path) by \(format)")
        if format == .torch {
          #expect(
            home.contents.tensors.sharing == original.contents.tensors.sharing, "\(path) by .pth")
        }
        tally.whole[format, default: 0] += 1
      } catch {
        Issue.record("\(path) by \(format): \(error)")
      }
    }
  }

  private func scratch() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private var fixtures: String {
    fixture("")
  }

  /// The files of fixtures/gallery that hold tensors which can be had.
  @Test func theGallery() throws {
    let text = try SharedBytes(path: fixtures + "gallery/expected.json")
    let entries = try JSONValue(parsing: text.bytes).array ?? []
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    var tally = Tally()
    for entry in entries where entry["inspect"]?["status"] == 0 {
      guard let name = entry["file"]?.string else { continue }
      travel(fixtures + "gallery/files/" + name, in: folder, &tally)
    }
    for name in ["ties.pth", "training.pth", "arrays.npz"] {
      travel(fixtures + "written/" + name, in: folder, &tally)
    }
    print("gallery: \(tally.files) files; whole \(tally.whole); refused \(tally.refused);")
    print("gallery: \(tally.unconverted.count) without tensors that can be had")
    #expect(tally.files > 150)
  }

  @Test(
    .enabled(
      if: corpus != nil, "TORCHPORT_CORPUS is unset: the folder of public checkpoints is not here"))
  func theCorpus() throws {
    let corpus = try #require(corpus)
    let text = try SharedBytes(path: corpus + "/expected.json")
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    var tally = Tally()
    for file in try JSONValue(parsing: text.bytes).members ?? [] {
      travel(corpus + "/" + file.key, in: folder, &tally)
    }
    print("corpus: \(tally.files) files; whole \(tally.whole); refused \(tally.refused)")
    for line in tally.unconverted { print("corpus: not converted: \(line)") }
    #expect(tally.files + tally.unconverted.count == 215)
  }
}
