import TPBytes
import TPModels
import TPTensors
import Testing

/// Finding the state_dict in what training scripts save.
struct UnwrappingTests {
  private func architecture(_ prefix: String = "") throws -> Architecture {
    try Architecture(
      name: "Tiny", input: [2], layers: [Layer(prefix + "fc", .linear(.init(2, 2)))])
  }

  private func records(
    _ container: [String], prefix: String = "", outputs: Int = 2
  ) throws -> [TensorRecord] {
    [
      TensorRecord(
        path: container + [prefix + "fc.weight"], tensor: try zeros(.float32, Shape([outputs, 2]))),
      TensorRecord(
        path: container + [prefix + "fc.bias"], tensor: try zeros(.float32, Shape([outputs]))),
    ]
  }

  private func checkpoint(_ records: [TensorRecord]) -> Checkpoint {
    Checkpoint(container: .torchZip, tensors: records)
  }

  @Test(
    arguments: [
      ([], "", []),
      (["model_state_dict"], "", []), (["state_dict"], "", []), (["model"], "", []),
      (["net"], "", []),
      ([], "module.", ["module."]), ([], "_orig_mod.", ["_orig_mod."]), ([], "model.", ["model."]),
      (["model_state_dict"], "module._orig_mod.", ["module.", "_orig_mod."]),
      (["state_dict"], "model.", ["model."]),
    ] as [([String], String, [String])])
  func wrappers(container: [String], prefix: String, removed: [String]) throws {
    let found = try architecture().unwrap(checkpoint(records(container, prefix: prefix)))
    #expect(found.container == container.first)
    #expect(found.prefixes == removed)
    #expect(found.stateDict.names == ["fc.weight", "fc.bias"])
    #expect(found.alternatives == [])
  }

  @Test func groupsAreJoined() throws {
    let found = try architecture().unwrap(
      checkpoint([
        TensorRecord(path: ["fc", "weight"], tensor: zeros(.float32, Shape([2, 2]))),
        TensorRecord(path: ["fc", "bias"], tensor: zeros(.float32, Shape([2]))),
      ]))
    #expect(found.stateDict.names == ["fc.weight", "fc.bias"])
    // The group is the model's own, though it has a wrapper's name.
    let own = try architecture("net.").unwrap(checkpoint(records(["net"])))
    #expect(own.container == nil)
    #expect(own.stateDict.names == ["net.fc.weight", "net.fc.bias"])
  }

  @Test func otherTensorsOfACheckpointAreNotOfTheModel() throws {
    let extra = TensorRecord(
      path: ["optimizer_state_dict", "state", "0", "step"], tensor: try zeros(.float32, Shape([])))
    let found = try architecture().unwrap(checkpoint([extra] + records(["model_state_dict"])))
    #expect(found.container == "model_state_dict")
  }

  @Test func theFirstThatFitsIsTakenAndOthersAreSaid() throws {
    let both = try records(["net"]) + records(["state_dict"])
    let found = try architecture().unwrap(checkpoint(both))
    #expect(found.container == "state_dict")
    #expect(found.alternatives == ["net"])
    let other = try records(["model_state_dict"], outputs: 3) + records(["model"])
    #expect(try architecture().unwrap(checkpoint(other)).container == "model")
  }

  @Test func aPrefixOfTheModelItselfStays() throws {
    let found = try architecture("model.").unwrap(
      checkpoint(records([], prefix: "module.model.")))
    #expect(found.prefixes == ["module."])
    #expect(found.stateDict.names == ["model.fc.weight", "model.fc.bias"])
  }

  @Test func aPrefixOfSomeNamesStays() throws {
    let mixed = [try records([], prefix: "module.")[0], try records([])[1]]
    let error = #expect(throws: PortError.self) { try architecture().unwrap(checkpoint(mixed)) }
    #expect(error?.kind == .mismatch)
    #expect(error?.message.contains("module.fc.weight (2, 2)") == true)
  }

  @Test func nothingFits() throws {
    let wrong = try records(["model_state_dict"], outputs: 3)
    let error = #expect(throws: PortError.self) { try architecture().unwrap(checkpoint(wrong)) }
    #expect(error?.key == "model_state_dict")
    #expect(
      error?.message
        == "the weights do not fit Tiny: 2 of another shape: fc.weight (3, 2) for (2, 2), "
        + "fc.bias (3,) for (2,)")
    let empty = #expect(throws: PortError.self) { try architecture().unwrap(checkpoint([])) }
    #expect(
      empty?.description
        == "the file holds no tensors; give a checkpoint with a state_dict")
  }

  @Test func twoPathsOfOneName() throws {
    let tensor = try zeros(.float32, Shape([2]))
    let error = #expect(throws: PortError.self) {
      try architecture().unwrap(
        checkpoint([
          TensorRecord(path: ["fc", "bias"], tensor: tensor),
          TensorRecord(path: ["fc.bias"], tensor: tensor),
        ]))
    }
    #expect(error?.kind == .malformed)
    #expect(error?.key == "fc.bias")
  }

  @Test func aThousandPrefixes() throws {
    let deep = String(repeating: "module.", count: 1_000)
    let error = #expect(throws: PortError.self) {
      try architecture().unwrap(checkpoint(records([], prefix: deep)))
    }
    #expect(error?.kind == .mismatch)
  }
}
