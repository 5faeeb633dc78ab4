import Foundation
import TPBytes
import TPCheckpoints
import TPConversion
import TPModels
import TPTensors
import TestSupport
import Testing

@Suite struct ConversionPlanTests {
  private func open(_ name: String) throws -> Checkpoint {
    try CheckpointFile.open(path: fixture(name))
  }

  @Test func theFactsAreThoseOfTheCheckpoint() throws {
    let plan = try ConversionPlan(
      open("run/best_lightweight_model.pth"), sourceName: "best.pth")
    // The digest is golden.py's; the rest is what train.py saved (expected/checkpoints.json).
    let digest = "cd85e4e60d5858c93df75d82f97519363a26489a41cc610400b8abb393640277"
    #expect(plan.architecture?.name == "LightweightCNNLSTM")
    #expect(plan.parameters == 721_044)
    #expect(plan.contents.tensors.count == 34)
    #expect(plan.digest == digest)
    #expect(plan.renamed.isEmpty)
    #expect(
      plan.leftOut == [
        "optimizer_state_dict", "scheduler_state_dict", "train_losses", "train_accuracies",
        "val_losses", "val_accuracies",
      ])
    let facts = plan.contents.facts
    #expect(facts["epoch"] == "24")
    #expect(facts["best_val_acc"] == "95.0")
    #expect(
      facts["classes"] == #"["doctor","i_need_to_move","my_mouth_is_dry","pillow"]"#)
    #expect(facts["source.name"] == "best.pth")
    #expect(facts["source.digest"] == digest)
  }

  @Test func prefixesAreTakenOffAndTold() throws {
    let plan = try ConversionPlan(
      open("misfits/wrapped.pth"), sourceName: "a")
    #expect(plan.renamed.count == 34)
    #expect(plan.renamed.first?.from == "module.conv3d1.weight")
    #expect(plan.renamed.first?.to == "conv3d1.weight")
    // Without an architecture nothing says what the names should be.
    let generic = try ConversionPlan(
      open("misfits/wrapped.pth"), sourceName: "a",
      options: ConversionOptions(architecture: .none))
    #expect(generic.contents.tensors.names.first == "module.conv3d1.weight")
    #expect(generic.architecture == nil)
  }

  @Test func aMisfitNamesEveryKeyAndTheWayOut() throws {
    let checkpoint = try open("misfits/missing_key.pth")
    let error = #expect(throws: PortError.self) {
      try ConversionPlan(checkpoint, sourceName: "a")
    }
    #expect(error?.kind == .mismatch)
    #expect(error?.message.contains("fc1.bias") == true)
    #expect(error?.remedy?.contains("--architecture none") == true)
  }

  @Test func aClipIsNoCheckpointOfTheNetwork() throws {
    let checkpoint = try open("clips/uint8.npy")
    let error = #expect(throws: PortError.self) {
      try ConversionPlan(
        checkpoint, sourceName: "a",
        options: ConversionOptions(architecture: .named(.lightweightCNNLSTM)))
    }
    #expect(error?.kind == .mismatch)
  }

  /// The best checkpoint with other metadata.
  private func best(
    _ build: (inout MetadataTree) -> [(String, MetadataTree.Node)]
  ) throws -> Checkpoint {
    var checkpoint = try open("run/best_lightweight_model.pth")
    var tree = MetadataTree()
    let entries = build(&tree).map { key, node in
      MetadataTree.Entry(key: tree.add(.string(key)), value: tree.add(node))
    }
    tree.root = tree.add(.dict(entries))
    checkpoint.metadata = tree
    return checkpoint
  }

  /// Converting must not give a damaged file a digest that vouches for the damage.
  @Test(arguments: [false, true]) func aContradictedDigestIsNotRenewed(isGeneric: Bool) throws {
    let checkpoint = try best { _ in [("torchport.digest", .string("beef"))] }
    let error = #expect(throws: PortError.self) {
      try ConversionPlan(
        checkpoint, sourceName: "a",
        options: ConversionOptions(architecture: isGeneric ? .none : .automatic))
    }
    #expect(error?.kind == .checksum)
  }

  @Test(arguments: [(.nan, "nan"), (.infinity, "inf"), (95.5, "95.5")] as [(Double, String)])
  func anAccuracyIsKeptWhateverItIs(accuracy: Double, text: String) throws {
    let plan = try ConversionPlan(
      try best { _ in [("best_val_acc", .float(accuracy))] }, sourceName: "a")
    #expect(plan.contents.facts["best_val_acc"] == text)
    #expect(Double(text)?.bitPattern == accuracy.bitPattern)
  }

  @Test func classesThatCannotBeNamedAreTold() throws {
    func warnings(_ indexes: [Int]) throws -> [String] {
      let checkpoint = try best { tree in
        let entries = indexes.map { index in
          MetadataTree.Entry(
            key: tree.add(.string("c\(index)")), value: tree.add(.int(index)))
        }
        return [("class_to_idx", .dict(entries))]
      }
      return try ConversionPlan(checkpoint, sourceName: "a").warnings
    }
    #expect(try warnings([0, 1, 2, 3]) == [])
    #expect(
      try warnings([0, 1, 2]) == [
        "the file names 3 classes, and LightweightCNNLSTM tells 4 apart: no class is named"
      ])
    #expect(
      try warnings([0, 1, 2, 7]).first?.hasPrefix("the order of the classes is unknown: ") == true)
  }

  @Test func anotherModelThatFitsIsTold() throws {
    var checkpoint = try best { _ in [] }
    checkpoint.tensors = checkpoint.tensors.flatMap { record in
      record.path[0] == "model_state_dict"
        ? [record, TensorRecord(path: ["net", record.path[1]], tensor: record.tensor)] : []
    }
    let plan = try ConversionPlan(checkpoint, sourceName: "a")
    #expect(
      plan.warnings == ["model_state_dict was taken, and what lies under net fits as well"])
  }
}
