import Foundation
import TPBytes
import TPCheckpoints
import TPConversion
import TPTensors
import TestSupport
import Testing

/// `--keep` on fixtures/written/training.pth, whose parts fixtures/written/make.py lists.
@Suite struct KeepTests {
  private var source: String {
    fixture("written/training.pth")
  }

  private func plan(_ words: String...) throws -> ConversionPlan {
    var options = ConversionOptions(architecture: .none)
    options.keep = KeepChoice(words)
    return try ConversionPlan(
      try CheckpointFile.open(path: source), sourceName: "training.pth", options: options)
  }

  struct Choice: Sendable {
    var words: [String]
    var kept: [String]
    var leftOut: [String]
    var tensors: Int
  }

  @Test(arguments: [
    Choice(
      words: [], kept: [],
      leftOut: [
        "optimizer_state_dict", "scheduler_state_dict", "train_losses", "val_accuracies", "args",
        "note", "ema",
      ], tensors: 9),
    Choice(
      words: ["optimizer"], kept: ["optimizer_state_dict"],
      leftOut: ["scheduler_state_dict", "train_losses", "val_accuracies", "args", "note", "ema"],
      tensors: 27),
    Choice(
      words: ["scheduler", "history"],
      kept: ["scheduler_state_dict", "train_losses", "val_accuracies"],
      leftOut: ["optimizer_state_dict", "args", "note", "ema"], tensors: 9),
    Choice(
      words: ["ema"], kept: ["ema"],
      leftOut: [
        "optimizer_state_dict", "scheduler_state_dict", "train_losses", "val_accuracies", "args",
        "note",
      ], tensors: 11),
    Choice(
      words: ["all"],
      kept: [
        "epoch", "optimizer_state_dict", "scheduler_state_dict", "best_val_acc", "train_losses",
        "val_accuracies", "class_to_idx", "note", "ema",
      ], leftOut: ["args"], tensors: 29),
  ])
  func partsAreChosen(choice: Choice) throws {
    var options = ConversionOptions(architecture: .none)
    options.keep = KeepChoice(choice.words)
    let plan = try ConversionPlan(
      try CheckpointFile.open(path: source), sourceName: "training.pth", options: options)
    #expect(plan.kept == choice.kept)
    #expect(plan.leftOut == choice.leftOut)
    #expect(plan.contents.tensors.count == choice.tensors)
    // The digest is the model's, whatever is kept.
    #expect(plan.digest == "6d3dd64973fdbc57f854532b28a29323d155ccdd1fbce4796096c13abb4cc460")
  }

  @Test func whatIsNotPlainIsNamed() throws {
    let plan = try plan("all")
    #expect(
      plan.warnings == ["args is left out: an object of argparse.Namespace is not plain data"])
  }

  @Test func aKeyThatIsNotThere() throws {
    #expect {
      try plan("exponential_average")
    } throws: { error in
      let error = error as? PortError
      return error?.kind == .usage
        && error?.remedy
          == "it has epoch, optimizer_state_dict, scheduler_state_dict, best_val_acc, train_losses,"
          + " val_accuracies, class_to_idx, args, note, ema"
    }
  }

  @Test func aGroupThatIsNotThere() throws {
    let folder =
      fixture("")
    var options = ConversionOptions(architecture: .none)
    options.keep = KeepChoice(["optimizer"])
    let some = try ConversionPlan(
      try CheckpointFile.open(path: folder + "misfits/wrapped.pth"), sourceName: "x.pth",
      options: options)
    #expect(some.warnings.contains("the file has no optimizer to keep"))
    let none = try ConversionPlan(
      try CheckpointFile.open(path: folder + "written/ties.pth"), sourceName: "x.pth",
      options: options)
    #expect(none.warnings.contains { $0.hasPrefix("nothing is kept") })
  }

  /// The file's own checksum holds, so that nothing but the digest is wrong.
  @Test func aWrongDigestOfAKeptTensorIsContradicted() throws {
    let plan = try plan("optimizer")
    let path = try temporaryPath("kept.safetensors")
    _ = try plan.write(to: path, format: .safetensors, replacing: false)
    #expect(try FileProof(path: path).verdict == .holds)
    let name = try #require(
      plan.contents.tensors.names.first { $0.hasPrefix("optimizer_state_dict.") })
    let digest = try #require(plan.contents.digests[name])
    var bytes = try SharedBytes(path: path).region.array()
    let stated = Array("\\\"\(name)\\\":\\\"\(digest)".utf8)
    let end = try #require(bytes.firstRange(of: stated)).upperBound
    bytes[end - 1] = digest.hasSuffix("0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
    let key = Array("torchport.header_crc32\":\"".utf8)
    let place = try #require(bytes.firstRange(of: key)).upperBound
    bytes.replaceSubrange(place..<place + 8, with: Array("00000000".utf8))
    let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let sum = String(checksum(bytes[..<(8 + length)]), radix: 16)
    let digits = String(repeating: "0", count: 8 - sum.count) + sum
    bytes.replaceSubrange(place..<place + 8, with: Array(digits.utf8))
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let proof = try FileProof(path: path)
    #expect(proof.verdict == .broken)
    #expect(proof.reason == "the SHA-256 of \(name) is not the one that is stated")
  }

  /// CRC-32 by its definition, a bit at a time.
  private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return ~crc
  }

  /// The bytes of the .pth file are the same whether the parts came straight from the training's file
  /// or through another format: every value, its type, order and identity.
  @Test(arguments: [WeightFormat.safetensors, .hdf5, .npz, .torch])
  func everythingComesBack(format: WeightFormat) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let middle = folder.appending(path: "middle.\(format.extensions[0])").path
    let back = folder.appending(path: "back.pth").path
    let original = try plan("all")
    _ = try original.write(to: middle, format: format, replacing: false)
    var options = ConversionOptions(architecture: .none)
    options.keep = KeepChoice(["all"])
    let there = try ConversionPlan(
      try CheckpointFile.open(path: middle), sourceName: "middle", options: options)
    #expect(there.kept == original.kept)
    #expect(there.contents.facts["kept"] == original.contents.facts["kept"])
    #expect(
      there.contents.facts["module_metadata"] == original.contents.facts["module_metadata"])
    #expect(there.digest == original.digest)
    #expect(there.contents.digests == original.contents.digests)
    if format.keepsAliases {
      #expect(there.contents.tensors.aliases == [["0.weight", "ema.tied"]])
    }
    _ = try there.write(to: back, format: .torch, replacing: false)
    let home = try ConversionPlan(
      try CheckpointFile.open(path: back), sourceName: "back", options: options)
    #expect(home.contents.facts["kept"] == original.contents.facts["kept"])
    #expect(home.contents.digests == original.contents.digests)
    #expect(home.contents.facts["source.name"] == "training.pth")
  }
}
